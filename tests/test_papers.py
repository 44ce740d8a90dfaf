"""Papers that are sent again: one submission is one attempt, on page and API alike; no choice is lost to an error."""

from __future__ import annotations

import asyncio
import re
import uuid
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from progress.models import Exam, ExamAttempt, LessonQuiz, Outbox, QuizAttempt, UserProgress
from tests.cast import Cast
from tests.live import Live
from tests.papers import Answers, ask
from tests.test_gate import post, signed_in

pytestmark = pytest.mark.django_db(transaction=True)

QUIZ = "/courses/algorithms/bernoulli/quiz/"
EXAM = "/courses/algorithms/exam/"


@pytest.fixture
def quiz(cast: Cast) -> LessonQuiz:
    return LessonQuiz.objects.create(lesson=cast.bernoulli, title="Numbers, the quiz", pass_mark=70)


@pytest.fixture
def answers(quiz: LessonQuiz) -> tuple[Answers, Answers]:
    """Right ones and wrong ones."""
    return ask(quiz=quiz)


def form(answers: Answers, **more: Any) -> dict[str, Any]:
    """Answers as a browser sends them."""
    return {f"question-{question}": choice for question, choice in answers.items()} | more


def submission_on(page: Any) -> str:
    """The submission that a page's form carries."""
    found = re.search(r'name="submission" value="([^"]+)"', page.content.decode())
    assert found, "no submission in the form"
    return found[1]


def checked_on(page: Any) -> set[tuple[str, int]]:
    """Which radio buttons the page has checked: question and choice."""
    pattern = r'<input type="radio" name="question-(\d+)" value="(\d+)" checked>'
    return {(question, int(choice)) for question, choice in re.findall(pattern, page.content.decode())}


def stored() -> list[tuple[int, float, str]]:
    """Number, score and submission of every attempt at a quiz, oldest first."""
    rows = QuizAttempt.objects.order_by("pk").values_list("attempt_number", "score", "submission")
    return [(number, score, str(submission)) for number, score, submission in rows]


def test_a_form_that_is_sent_twice_is_one_attempt_whose_first_result_stands(cast: Cast, answers: Any) -> None:
    right, wrong = answers
    ada = signed_in(cast.ada)
    submission = submission_on(ada.get(QUIZ))
    first = ada.post(QUIZ, form(right, submission=submission))
    assert (first.status_code, first["Location"]) == (302, f"{QUIZ}?answered=1")
    for again in (right, wrong):
        assert ada.post(QUIZ, form(again, submission=submission))["Location"] == first["Location"]
    assert stored() == [(1, 100.0, submission)]

    other = submission_on(ada.get(first["Location"]))
    assert other != submission
    assert ada.post(QUIZ, form(wrong, submission=other))["Location"] == f"{QUIZ}?answered=2"
    page = ada.post(QUIZ, form(wrong, submission=submission), follow=True).content.decode()
    assert "Attempt 1: 100% right" in page  # the one that was sent again, and not the newest
    assert f'data-stored="{submission}"' in page
    assert stored() == [(1, 100.0, submission), (2, 0.0, other)]


def test_the_api_takes_a_submission_with_the_same_meaning(cast: Cast, answers: Any) -> None:
    right, wrong = answers
    ada, path = signed_in(cast.ada), f"/api/lessons/{cast.bernoulli.pk}/quiz/"
    submission = str(uuid.uuid4())
    failed = {"success": True, "score": 0.0, "passed": False, "attempt_number": 1}
    for again in (wrong, wrong, right):
        answer = post(ada, path, {"answers": again, "submission": submission})
        assert (answer.status_code, answer.json()) == (200, failed)
    assert ada.post(QUIZ, form(right, submission=submission))["Location"] == f"{QUIZ}?answered=1"
    assert stored() == [(1, 0.0, submission)]
    for number in (2, 3):  # without one, or with null, each is an attempt
        body = {"answers": right} if number == 2 else {"answers": right, "submission": None}
        assert post(ada, path, body).json()["attempt_number"] == number


def test_a_submission_belongs_to_one_student_and_one_quiz(cast: Cast, answers: Any) -> None:
    submission = str(uuid.uuid4())
    path = f"/api/lessons/{cast.bernoulli.pk}/quiz/"
    for person, given, score in ((cast.ada, answers[0], 100.0), (cast.bob, answers[1], 0.0)):
        answer = post(signed_in(person), path, {"answers": given, "submission": submission})
        assert (answer.json()["score"], answer.json()["attempt_number"]) == (score, 1)
    assert len(stored()) == 2


@pytest.mark.parametrize("submission", ["", "x", 7, True, ["x"], {}, "00000000-0000-4000-8000-00000000000"])
def test_a_submission_that_is_no_uuid_is_refused_and_makes_no_attempt(
    cast: Cast, answers: Any, submission: object
) -> None:
    ada, path = signed_in(cast.ada), f"/api/lessons/{cast.bernoulli.pk}/quiz/"
    refused = post(ada, path, {"answers": answers[0], "submission": submission})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_submission")
    if isinstance(submission, str):
        page = ada.post(QUIZ, form(answers[0], submission=submission))
        assert page.status_code == 422
        assert checked_on(page) == set(answers[0].items())
        assert ada.post(QUIZ, form(answers[0], submission=submission_on(page))).status_code == 302
    assert QuizAttempt.objects.count() == isinstance(submission, str)


def test_a_form_without_a_submission_is_an_attempt_each_time(cast: Cast, answers: Any) -> None:
    ada = signed_in(cast.ada)
    for number in (1, 2):
        assert ada.post(QUIZ, form(answers[0]))["Location"] == f"{QUIZ}?answered={number}"
    assert "data-stored" not in ada.get(QUIZ).content.decode()


async def test_one_submission_to_two_processes_at_once_is_one_attempt_and_one_completion(
    live: Live, cast: Cast, answers: Any
) -> None:
    right, _ = answers
    browsers = [await live.http(cast.ada, web=0), await live.http(cast.ada, web=1)]
    tick = {"watch_percentage": 95, "timestamp": 95}
    await browsers[0].post(f"/api/lessons/{cast.bernoulli.pk}/progress/", json=tick)
    submission = str(uuid.uuid4())
    api = f"/api/lessons/{cast.bernoulli.pk}/quiz/"
    fields = {"csrfmiddlewaretoken": "x" * 32, "submission": submission}
    async with live.feed(cast.grace) as grace:
        calls = [
            call
            for browser in browsers
            for _ in range(5)
            for call in (
                browser.post(api, json={"answers": right, "submission": submission}),
                browser.post(QUIZ, data=form(right, **fields)),
            )
        ]
        told = await asyncio.gather(*calls)
        assert {answer.status_code for answer in told} == {200, 302}, [answer.text for answer in told]
        results = [answer.json() for answer in told if answer.status_code == 200]
        assert results == [{"success": True, "score": 100.0, "passed": True, "attempt_number": 1}] * 10
        assert {answer.headers["Location"] for answer in told if answer.status_code == 302} == {f"{QUIZ}?answered=1"}
        await grace.until_shown("lesson_completed")
    assert await sync_to_async(stored)() == [(1, 100.0, submission)]
    assert (await UserProgress.objects.aget()).completed
    assert await Outbox.objects.filter(kind="lesson_completed").acount() == 1


async def test_the_first_result_stands_whichever_process_was_first(live: Live, cast: Cast, answers: Any) -> None:
    browsers = [await live.http(cast.ada, web=0), await live.http(cast.ada, web=1)]
    api = f"/api/lessons/{cast.bernoulli.pk}/quiz/"
    for number in range(1, 6):
        submission = str(uuid.uuid4())
        told = await asyncio.gather(
            *(
                browser.post(api, json={"answers": given, "submission": submission})
                for browser, given in zip(browsers, answers, strict=True)
            )
        )
        row = await QuizAttempt.objects.aget(submission=submission)
        expected = {"success": True, "score": row.score, "passed": row.passed, "attempt_number": number}
        assert [answer.json() for answer in told] == [expected] * 2
    assert await QuizAttempt.objects.acount() == 5


def test_after_an_error_the_quiz_has_checked_what_was_chosen(cast: Cast, answers: Any) -> None:
    ada = signed_in(cast.ada)
    assert checked_on(ada.get(QUIZ)) == set()
    half = dict(list(answers[0].items())[:1])
    page = ada.post(QUIZ, form(half, **{"question-1000000": 1}))
    assert page.status_code == 422
    assert checked_on(page) == set(half.items())
    assert QuizAttempt.objects.count() == 0


def begun(ada: Client) -> ExamAttempt:
    """Ada's open attempt at the exam, begun on its page."""
    ada.post(EXAM)
    return ExamAttempt.objects.get(submitted_at=None)


def test_after_an_error_the_exam_has_checked_what_was_chosen_and_is_still_open(cast: Cast) -> None:
    right, _ = ask(exam=Exam.objects.create(course=cast.algorithms, title="The exam", pass_mark=50))
    ada = signed_in(cast.ada)
    attempt = begun(ada)
    page = ada.post(EXAM, form(right, attempt=attempt.pk, **{"question-1000000": 1}))
    assert page.status_code == 422
    assert checked_on(page) == set(right.items())
    assert f'data-paper="attempt-{attempt.pk}"' in page.content.decode()
    done = ada.post(EXAM, form(right, attempt=attempt.pk), follow=True)
    assert f'data-stored="{attempt.pk}"' in done.content.decode()


def test_an_exam_sent_again_shows_its_own_result_also_where_the_answer_was_lost(cast: Cast) -> None:
    right, wrong = ask(exam=Exam.objects.create(course=cast.algorithms, title="The exam", pass_mark=50))
    ada = signed_in(cast.ada)
    first = begun(ada)
    sent = form(wrong, attempt=first.pk)
    for _ in range(2):
        assert ada.post(EXAM, sent)["Location"] == f"{EXAM}?answered=1"
    page = ada.get(EXAM).content.decode()  # whoever lost the answer opens the page again
    assert "Attempt 1: 0% right" in page
    assert "Take it again" in page

    second = begun(ada)
    assert "Attempt 1: 0% right" not in ada.get(EXAM).content.decode()
    ada.post(EXAM, form(right, attempt=second.pk))
    assert "Attempt 1: 0% right" in ada.post(EXAM, sent, follow=True).content.decode()
    other = ada.post(EXAM, form(right, attempt=first.pk))
    assert other.status_code == 409
    assert "submitted already" in other.content.decode()
    assert ExamAttempt.objects.count() == 2
    assert Outbox.objects.filter(kind="exam_attempted").count() == 2


def test_a_stored_attempt_is_shown_to_whoever_opens_the_quiz_again(cast: Cast, answers: Any) -> None:
    ada = signed_in(cast.ada)
    submission = submission_on(ada.get(QUIZ))
    ada.post(QUIZ, form(answers[1], submission=submission))  # and its answer was lost
    page = ada.get(QUIZ).content.decode()
    assert "Attempt 1: 0% right" in page
    assert f'data-stored="{submission}"' in page
