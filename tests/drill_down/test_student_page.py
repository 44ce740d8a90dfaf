"""A student's page says what the database says, to whoever teaches the course, of that course alone."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from feed.drill_down.student import studies_of
from progress import audit, corrections, gate
from progress.models import (
    Certification,
    Correction,
    Disclosure,
    Enrollment,
    ExamAttempt,
    Lesson,
    LessonQuiz,
    QuizAttempt,
    User,
    UserProgress,
)
from progress.privacy import export
from progress.querysets import students_of
from tests.cast import Cast
from tests.drill_down import school
from tests.drill_down.school import row

pytestmark = pytest.mark.django_db(transaction=True)


def page_of(student: User, viewer: User, query: str = "", *, status: int = 200) -> str:
    """What a viewer reads on a student's page."""
    client = Client()
    client.force_login(viewer)
    answer = client.get(f"/dashboard/students/{student.pk}/{query}")
    assert answer.status_code == status
    return answer.content.decode()


def words(page: str) -> str:
    """The text of a page in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_whose_page_an_instructor_may_open_is_whoever_studies_or_has_records_with_them(cast: Cast) -> None:
    Enrollment.objects.filter(user=cast.bob).update(active=False)
    UserProgress.objects.bulk_create([row(cast.oscar, cast.bernoulli, [(0, 10)])])  # a record without an enrolment
    assert {each.username for each in students_of(cast.grace)} == {"ada", "bob", "oscar"}
    assert {each.username for each in students_of(cast.oscar)} == {"eve"}
    assert not students_of(cast.ada).exists()
    assert not students_of(cast.olga).exists()
    assert students_of(cast.admin).count() == User.objects.count()
    cast.grace.is_active = False
    assert not students_of(cast.grace).exists()


def test_an_instructor_sees_nothing_of_another_instructors_course(cast: Cast) -> None:
    Enrollment.objects.create(user=cast.ada, course=cast.botany)
    UserProgress.objects.bulk_create([row(cast.ada, lesson, [(0, 50)]) for lesson in (cast.bernoulli, cast.mosses)])
    assert "Mosses" in page_of(cast.ada, cast.oscar)
    page = page_of(cast.ada, cast.grace)
    assert "Bernoulli numbers" in page
    assert "Mosses" not in page
    assert "Botany" not in page
    both = page_of(cast.ada, cast.admin)
    assert "Bernoulli numbers" in both
    assert "Mosses" in both


def test_what_the_page_is_made_of_is_what_a_naive_count_finds(cast: Cast) -> None:
    made = school.make(cast.algorithms, students=15)
    ready = list(Lesson.objects.filter(course=cast.algorithms, duration__gt=0))
    for student in made.students:
        [study] = studies_of(student, viewer=cast.grace).courses
        assert [each.lesson for each in study.lessons] == ready
        rows = {each.lesson_id: each for each in UserProgress.objects.filter(user=student)}
        assert study.completed_count == sum(each.completed for each in rows.values())
        attempts = list(QuizAttempt.objects.filter(user=student).order_by("attempt_number"))
        for each in study.lessons:
            kept = rows.get(each.lesson.pk)
            assert each.percentage == (kept.video_watch_percentage if kept else 0)
            assert each.attempts == [of for of in attempts if of.quiz.lesson_id == each.lesson.pk]
            passed = any(of.passed and not of.withdrawn_at for of in each.attempts)
            missing = (
                []
                if kept and kept.completed
                else gate.missing(
                    percentage=each.percentage,
                    threshold=90,
                    quiz_pending=LessonQuiz.objects.filter(lesson=each.lesson).exists() and not passed,
                )
            )
            assert len(each.wants) == len(missing)
            assert each.claimed == bool(kept and kept.claimed_percentage)
        assert study.exam_attempts == list(ExamAttempt.objects.filter(user=student).order_by("attempt_number"))
        assert study.certificates == list(Certification.objects.filter(user=student))


def test_everything_that_was_done_stands_on_the_page_in_words(cast: Cast) -> None:
    quiz = LessonQuiz.objects.create(lesson=cast.bernoulli, title="Quiz")
    now = timezone.now()
    for number, withdrawn in ((1, None), (2, now)):
        quiz.attempts.create(
            user=cast.ada,
            course=cast.algorithms,
            attempt_number=number,
            submitted_at=now - timedelta(hours=2),
            score=80,
            passed=number == 2,
            withdrawn_at=withdrawn,
        )
    forged = {"suspicious": "More was reported as played than time had passed.", "unpaid_segments": [[0, 90]]}
    UserProgress.objects.bulk_create([row(cast.ada, cast.bernoulli, [(0, 30), (50, 60)], **forged)])
    page = page_of(cast.ada, cast.grace)
    assert 'aria-label="Watched 0:00 to 0:30, 0:50 to 1:00"' in page
    text = words(page)
    for said in (
        "Ada Lovelace",
        "Enrolled",
        "0 of 1 lesson completed",
        "In progress",
        "Watched 40% of the 90% needed.",
        "The quiz is not passed yet.",
        "Attempt 1 80% not passed 2 hours ago",
        "Attempt 2 80% passed 2 hours ago withdrawn: does not count",
        "More was reported as played than time had passed.",
        "40% count; 1.5 min that were reported do not.",
        "Confirm by hand…",
    ):
        assert said in text, said


def test_a_player_that_only_claims_has_no_strip_that_says_nothing_was_watched(cast: Cast) -> None:
    claimed = row(cast.ada, cast.bernoulli, video_watch_percentage=60, claimed_percentage=60)
    UserProgress.objects.bulk_create([claimed])
    page = page_of(cast.ada, cast.grace)
    assert "reported, not measured" in words(page).split("Activity")[0]
    assert "Nothing watched yet" not in page
    assert "Nothing watched yet" in page_of(cast.bob, cast.grace)


def test_the_feed_of_the_page_is_that_students_and_has_older_pages_by_link(cast: Cast) -> None:
    lessons = Lesson.objects.bulk_create(
        Lesson(course=cast.algorithms, title=f"Lesson {n}", slug=f"n{n}", duration=10, order=n) for n in range(30)
    )
    now = timezone.now()
    UserProgress.objects.bulk_create(
        row(person, lesson, [(0, 6)], announced_at=now - timedelta(minutes=n), announced_percentage=60, **told)
        for person in (cast.ada, cast.bob)
        for n, lesson in enumerate(lessons)
        for told in [{"announced_claimed": False, "announced_status": "in_progress"}]
    )
    first = page_of(cast.ada, cast.grace)
    assert first.count(f'data-user="{cast.ada.pk}"') == 20
    assert f'data-user="{cast.bob.pk}"' not in first
    older = re.search(r'href="[^"?]*(\?before=[^"]+)" rel="next"', first)
    assert older
    second = page_of(cast.ada, cast.grace, html.unescape(older.group(1)))
    assert second.count(f'data-user="{cast.ada.pk}"') == 10
    assert "this page does not move" in second
    assert "data-socket" not in second
    assert 'role="alert"' in page_of(cast.ada, cast.grace, "?before=nonsense", status=422)


def test_whoever_looks_is_kept_and_told_in_the_students_copy(cast: Cast) -> None:
    page_of(cast.ada, cast.grace)
    page_of(cast.ada, cast.oscar, status=404)
    page_of(cast.ada, cast.ada, status=404)
    kept = Disclosure.objects.get(where="student")
    assert (kept.user, kept.by, kept.times) == (cast.ada, cast.grace, 1)
    assert ("Grace Hopper (grace)", "student") in {
        (each["by_name"], each["where"]) for each in export.everything_about(cast.ada)["shown_to"]
    }
    assert set(Disclosure.objects.values_list("by", flat=True)) == {cast.grace.pk}


def test_a_page_without_courses_and_one_without_lessons_say_so(cast: Cast) -> None:
    assert "This person studies no course." in page_of(cast.olga, cast.admin)
    Lesson.objects.filter(course=cast.botany).delete()
    page = page_of(cast.eve, cast.oscar)
    assert "This course has no lesson that can be watched yet." in page
    assert "Has done nothing yet" in page


def test_the_audit_record_of_a_confirmed_lesson_stands_at_the_lesson(cast: Cast) -> None:
    author = audit.Author.of(cast.grace, "told it <by heart>")
    corrections.confirm_lessons(author, [(cast.ada.pk, cast.bernoulli.pk)])
    text = words(page_of(cast.ada, cast.grace))
    assert "Confirmed by Grace Hopper (grace) : told it <by heart>" in text
    assert "Confirm by hand…" not in text
    other = Correction.objects.get()
    other.pk, other.kind, other.subject = None, Correction.Kind.ATTEMPT_WITHDRAWN, "Quiz, 2"
    other.save()
    assert "Attempt withdrawn · Quiz, 2 · By Grace Hopper (grace) :" in words(page_of(cast.ada, cast.grace))


def test_a_page_asks_as_often_for_many_courses_and_records_as_for_one(cast: Cast) -> None:
    def queries() -> int:
        client = Client()
        client.force_login(cast.admin)
        client.get(f"/dashboard/students/{cast.ada.pk}/")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(f"/dashboard/students/{cast.ada.pk}/").status_code == 200
        return len(asked)

    author = audit.Author.of(cast.grace, "seen it")
    corrections.confirm_lessons(author, [(cast.ada.pk, cast.bernoulli.pk)])
    few = queries()
    made = [school.make(cast.algorithms, students=1), school.make(cast.botany, students=1, seed=8)]
    Enrollment.objects.create(user=cast.ada, course=cast.botany)
    for each in made:
        UserProgress.objects.bulk_create(
            row(cast.ada, lesson, [(0, 5)], suspicious="More was reported as played than time had passed.")
            for lesson in each.lessons
        )
    corrections.confirm_lessons(author, [(cast.ada.pk, lesson.pk) for each in made for lesson in each.lessons[:2]])
    assert queries() == few
    assert few <= 22  # four of them for whether the student needs somebody
