"""Corrections: what the school changes on records by hand is told to open pages, kept for audit, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission
from django.db import IntegrityError, connections
from django.test import Client
from django.utils import timezone

from progress import audit, corrections, exams, quizzes, recorder, reports, rows, school
from progress.audit import Author
from progress.models import (
    Certification,
    Correction,
    Enrollment,
    Exam,
    ExamAttempt,
    Lesson,
    LessonQuiz,
    Outbox,
    QuizAttempt,
    User,
    UserProgress,
)
from progress.refusals import Refused
from progress.ticks import Tick
from tests.cast import Cast
from tests.live import Live, until
from tests.papers import ask

pytestmark = pytest.mark.django_db(transaction=True)

REASON = "was in the room, without a computer"


@pytest.fixture
def exam(cast: Cast) -> Exam:
    return Exam.objects.create(course=cast.algorithms, title="Final exam", pass_mark=50)


@pytest.fixture
def quiz(cast: Cast) -> LessonQuiz:
    return LessonQuiz.objects.create(lesson=cast.bernoulli, title="Numbers, the quiz", pass_mark=70)


@pytest.fixture
def author(cast: Cast) -> Author:
    return Author.of(cast.admin, REASON)


def take(person: User, exam: Exam, answers: dict[str, int]) -> ExamAttempt:
    attempt, _ = exams.start(person, exam.pk)
    exams.submit(person, attempt.pk, answers)
    return ExamAttempt.objects.get(pk=attempt.pk)


def certified(cast: Cast, exam: Exam) -> tuple[ExamAttempt, Certification, dict[str, int]]:
    """ada with all she needs; returns her attempt, her certificate and the right answers."""
    right, _ = ask(exam=exam)
    recorder.record_from_thread([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
    attempt = take(cast.ada, exam, right)
    return attempt, Certification.objects.get(), right


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


# Confirming a lesson


def test_a_confirmed_lesson_is_completed_though_nothing_was_watched_and_the_quiz_not_passed(
    cast: Cast, quiz: LessonQuiz, author: Author
) -> None:
    assert corrections.confirm_lessons(author, [(cast.ada.pk, cast.bernoulli.pk)]) == 1
    row = UserProgress.objects.get()
    assert (row.status, row.video_watch_percentage, row.completed_percentage) == ("completed", 0.0, 0.0)
    kept = Correction.objects.get()
    assert (kept.kind, kept.user, kept.course, kept.object_id) == (
        "lesson_confirmed",
        cast.ada,
        cast.algorithms,
        row.pk,
    )
    assert (kept.by, kept.by_name, kept.reason, kept.subject) == (
        cast.admin,
        "Site Admin (admin)",
        REASON,
        "Bernoulli numbers",
    )
    assert Outbox.objects.filter(kind="lesson_completed").count() == 1


def test_a_lesson_that_is_completed_already_is_not_confirmed_again(cast: Cast, author: Author) -> None:
    recorder.record_from_thread([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
    before = UserProgress.objects.values().get()
    pairs = [(cast.ada.pk, cast.bernoulli.pk), (cast.bob.pk, cast.bernoulli.pk)]
    assert corrections.confirm_lessons(author, pairs) == 1
    assert UserProgress.objects.filter(user=cast.ada).values().get() == before
    assert Correction.objects.get().user == cast.bob


def test_the_last_lesson_confirmed_brings_the_certificate(cast: Cast, exam: Exam, author: Author) -> None:
    right, _ = ask(exam=exam)
    take(cast.ada, exam, right)
    assert Certification.objects.count() == 0
    corrections.confirm_lessons(author, [(cast.ada.pk, cast.bernoulli.pk)])
    assert Certification.objects.get().user == cast.ada


async def test_a_confirmed_lesson_is_on_the_instructors_page_at_once(live: Live, cast: Cast) -> None:
    async with live.feed(cast.grace) as grace, live.feed(cast.oscar) as oscar:
        author = Author.of(cast.grace, REASON)
        await sync_to_async(corrections.confirm_lessons)(author, [(cast.ada.pk, cast.bernoulli.pk)])
        assert (await grace.until_shown("lesson_completed"))["data"] == {"watch_percentage": 0.0}
        assert grace.list() == (await live.snapshot(cast.grace))["entries"]
        assert oscar.entries == {}


# Withdrawing an attempt


def test_a_quiz_attempt_that_is_withdrawn_opens_no_gate_and_takes_no_completion_back(
    cast: Cast, quiz: LessonQuiz, author: Author
) -> None:
    right, _ = ask(quiz=quiz)
    for person in (cast.ada, cast.bob):
        recorder.record_from_thread([quizzes.answer(person, cast.bernoulli.pk, right)])
    recorder.record_from_thread([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
    for attempt in QuizAttempt.objects.all():
        corrections.withdraw_quiz_attempt(author, attempt.pk)
    assert UserProgress.objects.get(user=cast.ada).completed
    recorder.record_from_thread([Tick(cast.bob.pk, cast.bernoulli.pk, 95, 95)])
    assert not UserProgress.objects.get(user=cast.bob).completed
    assert "The quiz is not passed yet." in signed_in(cast.bob).get(cast.bernoulli.get_absolute_url()).content.decode()
    recorder.record_from_thread([quizzes.answer(cast.bob, cast.bernoulli.pk, right)])
    assert UserProgress.objects.get(user=cast.bob).completed
    assert list(QuizAttempt.objects.filter(user=cast.bob).values_list("attempt_number", flat=True)) == [1, 2]


def test_withdrawing_twice_or_too_early_is_refused(cast: Cast, exam: Exam, author: Author) -> None:
    right, _ = ask(exam=exam)
    still_open, _ = exams.start(cast.ada, exam.pk)
    with pytest.raises(Refused) as refused:
        corrections.withdraw_exam_attempt(author, still_open.pk)
    assert refused.value.code == "not_submitted"
    exams.submit(cast.ada, still_open.pk, right)
    corrections.withdraw_exam_attempt(author, still_open.pk)
    with pytest.raises(Refused) as refused:
        corrections.withdraw_exam_attempt(author, still_open.pk)
    assert refused.value.code == "already_withdrawn"
    assert Correction.objects.count() == 1


def test_with_the_only_passed_attempt_the_certificate_goes_and_the_next_one_brings_another(
    cast: Cast, exam: Exam, author: Author
) -> None:
    attempt, first, right = certified(cast, exam)
    corrections.withdraw_exam_attempt(author, attempt.pk)
    assert not Certification.objects.standing().exists()
    assert set(Correction.objects.values_list("kind", flat=True)) == {"attempt_withdrawn", "certificate_withdrawn"}
    page = Client().get(first.get_absolute_url())
    assert page.status_code == 410
    assert "not valid any more" in page.content.decode()
    assert "Ada" not in page.content.decode()

    take(cast.ada, exam, right)
    second = Certification.objects.valid().get()
    assert second.certificate_id != first.certificate_id
    assert Client().get(second.get_absolute_url()).status_code == 200


def test_while_another_passed_attempt_stands_so_does_the_certificate(cast: Cast, exam: Exam, author: Author) -> None:
    attempt, certificate, right = certified(cast, exam)
    take(cast.ada, exam, right)
    corrections.withdraw_exam_attempt(author, attempt.pk)
    assert Certification.objects.valid().get() == certificate


async def test_withdrawn_records_leave_every_open_page_at_once(live: Live, cast: Cast, exam: Exam) -> None:
    attempt, _certificate, _right = await sync_to_async(certified)(cast, exam)
    async with (
        live.feed(cast.grace) as grace,
        live.feed(cast.admin, web=1) as admin,
        live.feed(cast.ada) as ada,
    ):
        viewers = ((grace, cast.grace), (admin, cast.admin), (ada, cast.ada))
        for viewer, _ in viewers:
            assert len(viewer.entries) == 4
        await sync_to_async(corrections.withdraw_exam_attempt)(Author.of(cast.admin, REASON), attempt.pk)
        for viewer, person in viewers:
            await until(lambda v=viewer: len(v.entries) == 2)
            assert viewer.list() == (await live.snapshot(person))["entries"]


# Issuing anew


def test_a_certificate_issued_anew_has_another_id_and_the_old_page_says_so(
    cast: Cast, exam: Exam, author: Author
) -> None:
    _, old, _ = certified(cast, exam)
    Lesson.objects.create(course=cast.algorithms, title="Added later", slug="later", duration=9)
    corrections.reissue_certificate(author, old.pk)
    new = Certification.objects.valid().get()
    assert new.certificate_id != old.certificate_id
    assert Client().get(old.get_absolute_url()).status_code == 410
    assert "Ada Lovelace" in Client().get(new.get_absolute_url()).content.decode()
    assert Correction.objects.get().subject == str(old.certificate_id)
    with pytest.raises(Refused) as refused:
        corrections.reissue_certificate(author, old.pk)
    assert refused.value.code == "not_issued"
    assert Certification.objects.count() == 2


def test_a_certificate_is_issued_anew_also_where_the_enrolment_was_removed(
    cast: Cast, exam: Exam, author: Author
) -> None:
    _, old, _ = certified(cast, exam)
    school.remove_enrollments(Enrollment.objects.filter(user=cast.ada))
    corrections.reissue_certificate(author, old.pk)
    assert Certification.objects.valid().get().certificate_id != old.certificate_id


# Whose certificate becomes due by something else


def test_where_no_lesson_can_be_watched_yet_the_exam_alone_brings_no_certificate(cast: Cast, exam: Exam) -> None:
    right, _ = ask(exam=exam)
    Lesson.objects.filter(course=cast.algorithms).update(duration=0)
    take(cast.ada, exam, right)
    assert Certification.objects.count() == 0


def test_a_shorter_lesson_is_completed_by_whoever_has_seen_that_much(cast: Cast) -> None:
    tick = Tick(cast.ada.pk, cast.bernoulli.pk, 50, 50, segments=[(0.0, 50.0)])
    UserProgress.objects.create(
        user=cast.ada, lesson=cast.bernoulli, course=cast.algorithms, budget_seconds=100, budget_at=timezone.now()
    )
    recorder.record_from_thread([tick])
    Lesson.objects.filter(pk=cast.bernoulli.pk).update(duration=50)
    recorder.record_from_thread([reports.Reconsideration(cast.ada.pk, cast.bernoulli.pk)])
    row = UserProgress.objects.get()
    assert (row.video_watch_percentage, row.completed) == (100.0, True)


def test_when_the_last_open_lesson_is_removed_whoever_has_passed_gets_the_certificate(cast: Cast, exam: Exam) -> None:
    right, _ = ask(exam=exam)
    other = Lesson.objects.create(course=cast.algorithms, title="Other", slug="other", duration=10)
    recorder.record_from_thread([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
    take(cast.ada, exam, right)
    take(cast.bob, exam, right)
    school.remove_lessons(Lesson.objects.filter(pk=other.pk))
    assert [each.user for each in Certification.objects.all()] == [cast.ada]
    school.remove_lessons(Lesson.objects.filter(course=cast.algorithms))
    assert Certification.objects.count() == 1  # a course without lessons is completed by nobody


def test_an_enrolment_that_begins_again_finds_its_certificate_due(cast: Cast, exam: Exam) -> None:
    right, _ = ask(exam=exam)
    take(cast.ada, exam, right)
    enrolment = Enrollment.objects.get(user=cast.ada)
    enrolment.active = False
    school.save_enrollment(enrolment)
    recorder.record_from_thread([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
    assert Certification.objects.count() == 0
    enrolment.active = True
    school.save_enrollment(enrolment)
    assert Certification.objects.get().user == cast.ada
    assert Outbox.objects.filter(kind="certification_issued").count() == 1


async def test_a_lesson_that_wants_less_is_completed_by_whoever_has_done_that_much(
    live: Live, cast: Cast, quiz: LessonQuiz
) -> None:
    await sync_to_async(ask)(quiz=quiz)
    await recorder.record([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95), Tick(cast.bob.pk, cast.bernoulli.pk, 70, 70)])
    async with live.feed(cast.grace) as grace:
        quiz.required = False
        await sync_to_async(school.save_quiz)(quiz)
        assert (await grace.until_shown("lesson_completed"))["user"]["id"] == cast.ada.pk
        lesson = await Lesson.objects.aget(pk=cast.bernoulli.pk)
        lesson.completion_threshold = 60
        await sync_to_async(school.save_lesson)(lesson)
        await until(
            lambda: [e for e in grace.list() if e["type"] == "lesson_completed" and e["user"]["id"] == cast.bob.pk]
        )


# Removals beside them


def removing(monkeypatch: pytest.MonkeyPatch, person: User, before_rows: Callable[[], object]) -> threading.Thread:
    """Remove a person in a thread, which does something once it holds the person and none of their rows."""
    keep_out = school._keep_out

    def keep_out_and_wait(rows: Any) -> list[int]:
        kept = keep_out(rows)
        before_rows()
        return kept

    monkeypatch.setattr(school, "_keep_out", keep_out_and_wait)

    def remove() -> None:
        try:
            school.remove_people(User.objects.filter(pk=person.pk))
        finally:
            connections.close_all()

    thread = threading.Thread(target=remove)
    thread.start()
    return thread


def test_a_correction_and_a_removal_that_wait_for_each_other_are_both_done_in_the_end(
    cast: Cast, exam: Exam, author: Author, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    attempt, _, _ = certified(cast, exam)
    kept, holding = threading.Event(), threading.Event()

    def wait() -> None:
        kept.set()
        assert holding.wait(10)

    write = audit.write_from_thread

    def write_late(*args: Any, **kwargs: Any) -> None:
        holding.set()  # the enrolment is ours; the person is the removal's
        write(*args, **kwargs)

    monkeypatch.setattr(audit, "write_from_thread", write_late)
    thread = removing(monkeypatch, cast.ada, wait)
    assert kept.wait(10)
    with contextlib.suppress(IntegrityError, ExamAttempt.DoesNotExist):  # the removal came first
        corrections.withdraw_exam_attempt(author, attempt.pk)
    thread.join(20)
    assert not thread.is_alive()
    assert not User.objects.filter(pk=cast.ada.pk).exists()
    assert "after a deadlock" in caplog.text


def test_a_tick_in_the_same_commit_as_a_deadlock_is_stored_all_the_same(
    cast: Cast, quiz: LessonQuiz, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    right, _ = ask(quiz=quiz)
    lesson = cast.bernoulli.pk
    recorder.record_from_thread([Tick(cast.ada.pk, lesson, 60, 60), Tick(cast.bob.pk, lesson, 60, 60)])
    answered = quizzes.answer(cast.ada, lesson, right)
    kept, locked = threading.Event(), threading.Event()

    def wait() -> None:
        kept.set()
        assert locked.wait(10)

    lock = rows.lock

    async def lock_late(connection: Any, keys: Any) -> Any:
        await asyncio.to_thread(kept.wait, 10)
        found = await lock(connection, keys)
        await found.records()
        locked.set()
        return found

    monkeypatch.setattr(rows, "lock", lock_late)
    thread = removing(monkeypatch, cast.ada, wait)

    async def both() -> list[Any]:
        told = [recorder.record([answered]), recorder.record([Tick(cast.bob.pk, lesson, 65, 65)])]
        results = await asyncio.gather(*told, return_exceptions=True)
        await recorder.idle()
        return results

    hers, his = asyncio.run(both())
    thread.join(20)
    assert not thread.is_alive()
    assert not User.objects.filter(pk=cast.ada.pk).exists()
    assert "after a deadlock" in caplog.text
    assert isinstance(his, list), his
    assert his[0].watch_percentage == 65
    assert isinstance(hers, list | Refused), hers


# The admin site


def act(client: Client, model: str, action: str, *records: Any, **more: Any) -> str:
    chosen = {"action": action, "_selected_action": [record.pk for record in records], **more}
    answer = client.post(f"/admin/progress/{model}/", chosen, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_an_action_asks_for_the_reason_and_does_nothing_without_one(cast: Cast, exam: Exam) -> None:
    attempt, certificate, _ = certified(cast, exam)
    row = UserProgress.objects.create(
        user=cast.bob, lesson=cast.bernoulli, course=cast.algorithms, budget_at=attempt.submitted_at
    )
    admin = signed_in(cast.admin)
    for model, action, record in (
        ("userprogress", "confirm_rows", row),
        ("examattempt", "withdraw_exam_attempts", attempt),
        ("certification", "reissue", certificate),
    ):
        for more in ({}, {"reason": ""}, {"reason": "ab"}):
            page = act(admin, model, action, record, **more)
            assert 'name="reason"' in page
            assert str(record) in page
    assert Correction.objects.count() == 0
    assert "1 lesson was completed." in act(admin, "userprogress", "confirm_rows", row, reason=REASON)
    assert "1 record was changed." in act(admin, "certification", "reissue", certificate, reason=REASON)
    again = act(admin, "certification", "reissue", certificate, reason=REASON)
    assert "0 records were changed." in again
    assert "Only a certificate that is issued" in again
    assert "1 record was changed." in act(admin, "examattempt", "withdraw_exam_attempts", attempt, reason=REASON)
    assert Correction.objects.count() == 4
    assert REASON in admin.get("/admin/progress/correction/").content.decode()


def test_a_lesson_is_confirmed_for_students_who_never_opened_it(cast: Cast) -> None:
    admin = signed_in(cast.admin)
    enrolments = list(Enrollment.objects.order_by("pk"))  # ada and bob in algorithms, eve in botany
    page = act(admin, "enrollment", "confirm_lesson", *enrolments)
    assert "Bernoulli numbers" in page
    assert "Mosses" in page
    said = act(admin, "enrollment", "confirm_lesson", *enrolments, reason=REASON, lesson=cast.bernoulli.pk)
    assert "2 lessons were completed." in said
    assert set(UserProgress.objects.values_list("user__username", flat=True)) == {"ada", "bob"}


def test_who_may_only_look_at_records_is_offered_no_correction(cast: Cast, exam: Exam) -> None:
    attempt, _, _ = certified(cast, exam)
    cast.olga.is_staff = True
    cast.olga.save()
    cast.olga.user_permissions.add(Permission.objects.get(codename="view_examattempt"))
    olga = signed_in(cast.olga)
    assert "withdraw_exam_attempts" not in olga.get("/admin/progress/examattempt/").content.decode()
    act(olga, "examattempt", "withdraw_exam_attempts", attempt, reason=REASON)
    assert Correction.objects.count() == 0
    cast.olga.user_permissions.add(Permission.objects.get(codename="add_correction"))
    act(olga, "examattempt", "withdraw_exam_attempts", attempt, reason=REASON)
    assert Correction.objects.count() == 2


def test_a_correction_goes_with_its_student_and_stays_without_its_author(cast: Cast) -> None:
    corrections.confirm_lessons(Author.of(cast.grace, REASON), [(cast.ada.pk, cast.bernoulli.pk)])
    school.remove_people(User.objects.filter(pk=cast.grace.pk))
    kept = Correction.objects.get()
    assert (kept.by, kept.by_name) == (None, "Grace Hopper (grace)")
    school.remove_people(User.objects.filter(pk=cast.ada.pk))
    assert Correction.objects.count() == 0
