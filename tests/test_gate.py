"""The gate, exams and certificates: one rule on every path, each thing once however things race."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from progress import exams, recorder, reports
from progress.models import (
    Certification,
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


@pytest.fixture
def quiz(cast: Cast) -> LessonQuiz:
    return LessonQuiz.objects.create(lesson=cast.bernoulli, title="Numbers, the quiz", pass_mark=70)


@pytest.fixture
def quiz_answers(quiz: LessonQuiz) -> tuple[dict[str, int], dict[str, int]]:
    return ask(quiz=quiz)


@pytest.fixture
def exam(cast: Cast) -> Exam:
    return Exam.objects.create(course=cast.algorithms, title="Algorithms, the exam", pass_mark=50)


@pytest.fixture
def exam_answers(exam: Exam) -> tuple[dict[str, int], dict[str, int]]:
    return ask(exam=exam)


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(path, body, content_type="application/json")


def row() -> UserProgress:
    return UserProgress.objects.get()


def test_a_watched_lesson_waits_for_its_quiz_and_completes_when_it_is_passed(
    cast: Cast, quiz: LessonQuiz, quiz_answers: Any
) -> None:
    right, wrong = quiz_answers
    recorder.record_from_thread([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
    assert (row().status, row().completed) == ("in_progress", False)
    path = f"/api/lessons/{cast.bernoulli.pk}/quiz/"
    ada = signed_in(cast.ada)
    assert post(ada, path, {"answers": wrong}).json() == {
        "success": True,
        "score": 0.0,
        "passed": False,
        "attempt_number": 1,
    }
    assert not row().completed
    half = dict(list(right.items())[:1])
    assert post(ada, path, {"answers": half}).json()["score"] == 50.0  # unanswered counts as wrong
    assert post(ada, path, {"answers": right}).json() == {
        "success": True,
        "score": 100.0,
        "passed": True,
        "attempt_number": 3,
    }
    assert row().completed
    assert row().completed_percentage == 95
    assert Outbox.objects.filter(kind="lesson_completed").count() == 1


def test_mark_as_complete_is_refused_with_the_quizs_address_until_it_is_passed(
    cast: Cast, quiz: LessonQuiz, quiz_answers: Any
) -> None:
    ada = signed_in(cast.ada)
    path = f"/api/lessons/{cast.bernoulli.pk}/complete/"
    refused = post(ada, path, {})
    assert refused.status_code == 409
    assert refused.json() == {
        "success": False,
        "error": "You must pass the lesson quiz before completing this lesson.",
        "code": "quiz_required",
        "quiz_required": True,
        "quiz_url": "/courses/algorithms/bernoulli/quiz/",
    }
    post(ada, f"/api/lessons/{cast.bernoulli.pk}/quiz/", {"answers": quiz_answers[0]})
    assert not row().completed  # not watched, and nobody asked
    assert post(ada, path, {}).json()["success"]
    assert row().completed


def test_a_quiz_that_is_not_required_holds_nothing_up(cast: Cast, quiz: LessonQuiz, quiz_answers: Any) -> None:
    LessonQuiz.objects.update(required=False)
    recorder.record_from_thread([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
    assert row().completed


def test_a_completed_lesson_stays_completed_when_a_quiz_is_added_later(cast: Cast) -> None:
    recorder.record_from_thread([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
    LessonQuiz.objects.create(lesson=cast.bernoulli, title="Late", required=True)
    recorder.record_from_thread([Tick(cast.ada.pk, cast.bernoulli.pk, 99, 99)])
    assert row().completed
    assert post(signed_in(cast.ada), f"/api/lessons/{cast.bernoulli.pk}/complete/", {}).status_code == 200


def test_the_paper_never_says_what_is_right(cast: Cast, quiz: LessonQuiz, quiz_answers: Any, exam: Exam) -> None:
    ask(exam=exam)
    ada = signed_in(cast.ada)
    for path in (f"/api/lessons/{cast.bernoulli.pk}/quiz/", f"/api/exams/{exam.pk}/"):
        paper = ada.get(path).json()
        assert set(paper) == {"id", "title", "pass_mark", "questions"}
        for question in paper["questions"]:
            assert set(question) == {"id", "text", "choices"}
            for choice in question["choices"]:
                assert set(choice) == {"id", "text"}


@pytest.mark.parametrize(
    ("answers", "status", "code"),
    [
        ({"999999": 1}, 422, "unknown_question"),
        ({"first": 999999}, 422, "unknown_choice"),
        ({"first": True}, 422, "unknown_choice"),
        ({"first": "x"}, 422, "unknown_choice"),
        (["x"], 400, "invalid_answers"),
        (None, 400, "invalid_answers"),
    ],
)
def test_bad_answers_are_refused_and_make_no_attempt(
    cast: Cast, quiz: LessonQuiz, quiz_answers: Any, answers: Any, status: int, code: str
) -> None:
    if isinstance(answers, dict):
        answers = {next(iter(quiz_answers[0])) if key == "first" else key: value for key, value in answers.items()}
    refused = post(signed_in(cast.ada), f"/api/lessons/{cast.bernoulli.pk}/quiz/", {"answers": answers})
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert QuizAttempt.objects.count() == 0


def test_an_exam_is_started_once_submitted_once_and_tried_again(cast: Cast, exam: Exam, exam_answers: Any) -> None:
    right, wrong = exam_answers
    ada = signed_in(cast.ada)
    start = f"/api/exams/{exam.pk}/attempts/"
    begun = post(ada, start, {})
    assert (begun.status_code, begun.json()["attempt_number"]) == (201, 1)
    again = post(ada, start, {})
    assert (again.status_code, again.json()) == (200, begun.json())
    path = f"/api/attempts/{begun.json()['attempt']}/"
    failed = {"success": True, "score": 0.0, "passed": False, "attempt_number": 1}
    for _ in range(2):
        assert post(ada, path, {"answers": wrong}).json() == failed
    other = post(ada, path, {"answers": right})
    assert (other.status_code, other.json()["code"]) == (409, "already_submitted")
    assert post(ada, start, {}).json()["attempt_number"] == 2
    assert Outbox.objects.filter(kind="exam_attempted").count() == 1
    assert post(signed_in(cast.bob), path, {"answers": right}).status_code == 404
    assert post(signed_in(cast.grace), start, {}).json()["code"] == "not_enrolled"
    assert post(signed_in(cast.eve), start, {}).json()["code"] == "not_found"


def test_a_certificate_comes_with_whichever_came_last(cast: Cast, exam: Exam, exam_answers: Any) -> None:
    def take(person: Any) -> None:
        attempt, _ = exams.start(person, exam.pk)
        assert exams.submit(person, attempt.pk, exam_answers[0]).passed

    recorder.record_from_thread([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
    assert Certification.objects.count() == 0
    take(cast.ada)
    assert Certification.objects.filter(user=cast.ada, course=cast.algorithms).count() == 1
    take(cast.bob)
    assert Certification.objects.count() == 1
    recorder.record_from_thread([Tick(cast.bob.pk, cast.bernoulli.pk, 95, 95)])
    certificate = Certification.objects.get(user=cast.bob)
    assert Outbox.objects.filter(kind="certification_issued").count() == 2
    page = Client().get(f"/certificates/{certificate.certificate_id}/")  # nobody needs to sign in
    assert page.status_code == 200
    assert "Bob Moog" in page.content.decode()
    assert Client().get("/certificates/00000000-0000-4000-8000-000000000000/").status_code == 404


async def test_an_exam_passed_at_the_moment_of_the_last_lesson_gives_one_certificate(
    live: Live, cast: Cast, exam: Exam, exam_answers: Any
) -> None:
    others = [
        await Lesson.objects.acreate(course=cast.algorithms, title=f"L{n}", slug=f"l{n}", duration=10) for n in range(3)
    ]
    for lesson in others:
        await recorder.record([Tick(cast.ada.pk, lesson.pk, 95, 9)])
    browsers = [await live.http(cast.ada, web=0), await live.http(cast.ada, web=1)]
    begun = (await browsers[0].post(f"/api/exams/{exam.pk}/attempts/", json={})).json()
    submit = f"/api/attempts/{begun['attempt']}/"
    tick = {"watch_percentage": 95, "timestamp": 95}
    async with live.feed(cast.grace) as grace:
        answers = await asyncio.gather(
            *(
                call
                for browser in browsers
                for call in (
                    browser.post(submit, json={"answers": exam_answers[0]}),
                    browser.post(f"/api/lessons/{cast.bernoulli.pk}/progress/", json=tick),
                    browser.post(f"/api/lessons/{cast.bernoulli.pk}/complete/", json={}),
                )
            )
        )
        assert [answer.status_code for answer in answers] == [200] * 6
        entry = await grace.until_shown("certification_issued")
        certificate = await Certification.objects.aget()
        assert entry["data"] == {"certificate_id": str(certificate.certificate_id)}
        assert (await grace.until_shown("exam_attempt"))["data"]["score"] == 100.0
        assert grace.list() == (await live.snapshot(cast.grace))["entries"]
    assert await ExamAttempt.objects.acount() == 1
    assert await Outbox.objects.filter(kind="certification_issued").acount() == 1
    assert await Outbox.objects.filter(kind="exam_attempted").acount() == 1
    assert await Outbox.objects.filter(kind="lesson_completed", course_id=cast.algorithms.pk).acount() == 4


STUDENTS = 6
"""How often each race is run, at once: one start in a hundred would not show a race."""


async def race(live: Live, cast: Cast, lap: Callable[[list[httpx.AsyncClient]], Awaitable[None]]) -> None:
    """Let students race on two processes; each must come to one completion, one attempt, one certificate, told once."""

    def enrol() -> list[User]:
        people = [User.objects.create(username=f"racer{number}") for number in range(STUDENTS)]
        Enrollment.objects.bulk_create(Enrollment(user=each, course=cast.algorithms) for each in people)
        return people

    racers = await sync_to_async(enrol)()
    async with live.feed(cast.grace) as grace:
        await asyncio.gather(*[lap([await live.http(each, web=web) for web in (0, 1)]) for each in racers])
        for kind in ("lesson_completed", "exam_attempt", "certification_issued"):
            expected = sorted(each.pk for each in racers)
            await until(
                lambda kind=kind, expected=expected: (
                    sorted(entry["user"]["id"] for entry in grace.list() if entry["type"] == kind) == expected
                ),
                what=f"one {kind} for each",
            )
        assert grace.list() == (await live.snapshot(cast.grace))["entries"]
    for kind in ("lesson_completed", "exam_attempted", "certification_issued"):
        assert await Outbox.objects.filter(kind=kind).acount() == STUDENTS
    for model in (UserProgress, ExamAttempt, Certification):
        assert await model.objects.acount() == STUDENTS


async def at_once(*calls: Awaitable[httpx.Response]) -> None:
    for answer in await asyncio.gather(*calls):
        assert answer.status_code == 200, answer.text


async def sit_exam(browser: httpx.AsyncClient, exam: Exam) -> str:
    """Start an attempt and return where it is submitted."""
    begun = (await browser.post(f"/api/exams/{exam.pk}/attempts/", json={})).json()
    return f"/api/attempts/{begun['attempt']}/"


LAST_TICK = {"watch_percentage": 95, "timestamp": 95}


async def test_an_exam_submitted_twice_at_once_on_two_processes_is_one_attempt(
    live: Live, cast: Cast, exam: Exam, exam_answers: Any
) -> None:
    async def lap(browsers: list[httpx.AsyncClient]) -> None:
        await at_once(browsers[0].post(f"/api/lessons/{cast.bernoulli.pk}/progress/", json=LAST_TICK))
        submit = await sit_exam(browsers[0], exam)
        await at_once(*(each.post(submit, json={"answers": exam_answers[0]}) for each in browsers * 2))

    await race(live, cast, lap)


async def test_a_quiz_passed_while_the_last_tick_arrives_on_another_process_completes_once(
    live: Live, cast: Cast, quiz: LessonQuiz, quiz_answers: Any, exam: Exam, exam_answers: Any
) -> None:
    async def lap(browsers: list[httpx.AsyncClient]) -> None:
        await at_once(browsers[0].post(await sit_exam(browsers[0], exam), json={"answers": exam_answers[0]}))
        lesson = f"/api/lessons/{cast.bernoulli.pk}"
        await at_once(
            *(each.post(f"{lesson}/progress/", json=LAST_TICK) for each in browsers),
            *(each.post(f"{lesson}/quiz/", json={"answers": quiz_answers[0]}) for each in browsers),
        )

    await race(live, cast, lap)
    numbers = QuizAttempt.objects.order_by("user", "attempt_number").values_list("attempt_number", flat=True)
    assert [number async for number in numbers] == [1, 2] * STUDENTS


async def test_a_completion_by_hand_while_a_tick_completes_on_another_process_is_one(
    live: Live, cast: Cast, exam: Exam, exam_answers: Any
) -> None:
    async def lap(browsers: list[httpx.AsyncClient]) -> None:
        await at_once(browsers[0].post(await sit_exam(browsers[0], exam), json={"answers": exam_answers[0]}))
        lesson = f"/api/lessons/{cast.bernoulli.pk}"
        await at_once(
            *(each.post(f"{lesson}/complete/", json={}) for each in browsers),
            *(each.post(f"{lesson}/progress/", json=LAST_TICK) for each in browsers),
        )

    await race(live, cast, lap)


def test_a_refused_completion_changes_nothing(cast: Cast, quiz: LessonQuiz, quiz_answers: Any) -> None:
    with pytest.raises(Refused):
        recorder.record_from_thread([reports.Completion(cast.ada.pk, cast.bernoulli.pk)])
    assert row().status == "not_started"
    assert Outbox.objects.count() == 0


def test_the_pages_work_without_javascript_and_say_why_not_yet(
    cast: Cast, quiz: LessonQuiz, quiz_answers: Any, exam: Exam, exam_answers: Any
) -> None:
    ada = signed_in(cast.ada)
    page = ada.get("/courses/algorithms/bernoulli/").content.decode()
    assert "Watched 0% of the 90% needed." in page
    assert "The quiz is not passed yet." in page
    here = "/courses/algorithms/bernoulli/quiz/"
    assert ada.get(here).status_code == 200
    for answers, said in ((quiz_answers[1], "Not passed yet."), (quiz_answers[0], "Passed.")):
        form = {f"question-{question}": choice for question, choice in answers.items()}
        assert said in ada.post(here, form, follow=True).content.decode()
    assert ada.post(here, {"question-1000000": "1"}).status_code == 422
    assert "The quiz is not passed yet." not in ada.get("/courses/algorithms/bernoulli/").content.decode()
    assert post(ada, f"/api/lessons/{cast.bernoulli.pk}/complete/", {}).status_code == 200

    assert "Start the exam" in ada.get("/courses/algorithms/exam/").content.decode()
    ada.post("/courses/algorithms/exam/")
    attempt = ExamAttempt.objects.get()
    form = {f"question-{question}": choice for question, choice in exam_answers[0].items()}
    page = ada.post("/courses/algorithms/exam/", {"attempt": attempt.pk, **form}, follow=True).content.decode()
    assert "Passed." in page
    assert f"/certificates/{Certification.objects.get().certificate_id}/" in page
    for stranger in (cast.eve, cast.oscar, cast.olga):
        for path in (here, "/courses/algorithms/exam/"):
            assert signed_in(stranger).get(path).status_code == 404
    assert signed_in(cast.grace).get(here).status_code == 200
    assert signed_in(cast.grace).post(here, {}).status_code == 200  # looks only
    assert QuizAttempt.objects.filter(user=cast.grace).count() == 0
