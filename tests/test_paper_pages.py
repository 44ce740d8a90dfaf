"""Quizzes and exams in real browsers: chosen answers outlive a broken connection, and are counted once."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from playwright.async_api import Browser, Route

from progress.models import Exam, ExamAttempt, LessonQuiz, QuizAttempt, User
from tests import browser
from tests.cast import Cast
from tests.live import Live
from tests.papers import Answers, ask

QUIZ = "/courses/algorithms/bernoulli/quiz/"
EXAM = "/courses/algorithms/exam/"
UNSENT = "No connection. Your answers are kept on this device. Send them again when it is back."
RESTORED = "Your answers were kept on this device."

CHECKED = """() => Object.fromEntries([...document.querySelectorAll("input[type=radio]:checked")].map(
    (radio) => [radio.name.replace("question-", ""), Number(radio.value)]))"""
KEPT = "() => Object.keys(localStorage).filter((key) => key.startsWith('answers:'))"
FULL = "() => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }; }"
FORBIDDEN = """() => Object.defineProperty(window, "localStorage", {
    get() { throw new DOMException("forbidden", "SecurityError"); } })"""


@pytest.fixture
def answers(cast: Cast) -> tuple[Answers, Answers]:
    """Right ones and wrong ones to the quiz of the lesson."""
    return ask(quiz=LessonQuiz.objects.create(lesson=cast.bernoulli, title="Numbers, the quiz", pass_mark=70))


@pytest.fixture
def exam_answers(cast: Cast) -> tuple[Answers, Answers]:
    """Right ones and wrong ones to the exam of the course."""
    return ask(exam=Exam.objects.create(course=cast.algorithms, title="The exam", pass_mark=50))


async def opened(chromium: Browser, live: Live, person: User, path: str = QUIZ, **options: Any) -> browser.Window:
    """A window on the paper."""
    window = await browser.window(chromium, live, person, **options)
    await window.page.goto(path)
    return window


async def choose(window: browser.Window, answers: Answers) -> None:
    """Choose these answers on the page."""
    for question, choice in answers.items():
        await window.page.locator(f'input[name="question-{question}"][value="{choice}"]').check()


async def send(window: browser.Window) -> None:
    """Press the form's button."""
    await window.page.locator("form.card button").click()


async def sees(window: browser.Window, words: str) -> None:
    """Wait until the page says so, and its modules have run."""
    await window.page.get_by_text(words).wait_for()
    await window.page.wait_for_load_state("load")


async def attempts() -> list[tuple[int, float]]:
    """Number and score of every attempt at the quiz, oldest first."""
    rows = QuizAttempt.objects.order_by("pk").values_list("attempt_number", "score")
    return [(number, score) async for number, score in rows]


def posts(window: browser.Window) -> int:
    """How often the page was sent."""
    return len([asked for asked in window.requests if asked.startswith("POST")])


async def break_off(route: Route) -> None:
    """A connection that breaks before the server hears of it, whenever the form is sent."""
    await (route.abort("connectionreset") if route.request.method == "POST" else route.continue_())


async def lose_the_answer(route: Route) -> None:
    """A connection that breaks after the server has heard all."""
    if route.request.method == "POST":
        await route.fetch(max_redirects=0)
        await route.abort("connectionreset")
    else:
        await route.continue_()


async def test_without_a_connection_the_page_stays_says_so_and_sends_later(
    live: Live, cast: Cast, answers: Any
) -> None:
    async with browser.chromium() as chromium:
        ada = await opened(chromium, live, cast.ada)
        alert = ada.page.get_by_role("alert").filter(has_text=UNSENT)
        await choose(ada, answers[0])
        await ada.page.context.set_offline(True)
        await send(ada)
        await alert.wait_for()
        assert await ada.page.evaluate(CHECKED) == answers[0]
        assert posts(ada) == 0

        await ada.page.context.set_offline(False)
        await alert.wait_for(state="hidden")  # the browser says that it is online again
        await send(ada)
        await sees(ada, "Attempt 1: 100% right")
        assert await attempts() == [(1, 100.0)]
        assert await ada.page.evaluate(KEPT) == []


async def test_answers_chosen_before_the_connection_broke_are_there_after_a_reload(
    live: Live, cast: Cast, answers: Any
) -> None:
    async with browser.chromium() as chromium:
        ada = await opened(chromium, live, cast.ada)
        await choose(ada, answers[0])
        await ada.page.context.set_offline(True)
        await send(ada)
        await sees(ada, UNSENT)
        await ada.page.context.set_offline(False)
        await ada.page.goto("/")
        await ada.page.goto(QUIZ)
        await ada.page.get_by_role("status").filter(has_text=RESTORED).wait_for()
        assert await ada.page.evaluate(CHECKED) == answers[0]
        await send(ada)
        await sees(ada, "Attempt 1: 100% right")
        assert not await ada.page.get_by_text(RESTORED).is_visible()
        assert await ada.page.evaluate(CHECKED) == {}
        assert await attempts() == [(1, 100.0)]
        assert await ada.page.evaluate(KEPT) == []


async def test_a_connection_that_breaks_while_the_form_is_sent_loses_no_answer(
    live: Live, cast: Cast, answers: Any
) -> None:
    async with browser.chromium() as chromium:
        ada = await opened(chromium, live, cast.ada)
        await choose(ada, answers[0])
        await ada.page.route(f"**{QUIZ}", break_off)
        async with ada.page.expect_event("requestfailed", lambda request: request.method == "POST"):
            await send(ada)
        assert await attempts() == []
        await ada.page.unroute(f"**{QUIZ}")
        await ada.page.goto(QUIZ)
        await sees(ada, RESTORED)
        await send(ada)
        await sees(ada, "Attempt 1: 100% right")
        assert await attempts() == [(1, 100.0)]


async def test_whoever_lost_the_answer_sees_the_result_and_is_asked_anew(live: Live, cast: Cast, answers: Any) -> None:
    async with browser.chromium() as chromium:
        ada = await opened(chromium, live, cast.ada)
        await choose(ada, answers[0])
        await ada.page.route(f"**{QUIZ}", lose_the_answer)
        async with ada.page.expect_event("requestfailed", lambda request: request.method == "POST"):
            await send(ada)
        assert await attempts() == [(1, 100.0)]
        await ada.page.unroute(f"**{QUIZ}")
        await ada.page.goto(QUIZ)
        await sees(ada, "Attempt 1: 100% right")
        assert await ada.page.evaluate(CHECKED) == {}
        assert await ada.page.evaluate(KEPT) == []


async def test_answers_sent_again_after_a_lost_answer_are_the_attempt_that_they_were(
    live: Live, cast: Cast, answers: Any
) -> None:
    right, wrong = answers
    async with browser.chromium() as chromium:
        ada = await opened(chromium, live, cast.ada)
        await choose(ada, wrong)
        await ada.page.route(f"**{QUIZ}", lose_the_answer)
        async with ada.page.expect_event("requestfailed", lambda request: request.method == "POST"):
            await send(ada)
        elsewhere = await live.http(cast.ada, web=1)
        await elsewhere.post(f"/api/lessons/{cast.bernoulli.pk}/quiz/", json={"answers": right})
        await ada.page.unroute(f"**{QUIZ}")
        await ada.page.goto(QUIZ)
        await sees(ada, "Attempt 2: 100% right")  # the newest is not this device's
        await sees(ada, RESTORED)
        await send(ada)
        await sees(ada, "Attempt 1: 0% right")
        assert await attempts() == [(1, 0.0), (2, 100.0)]
        assert await ada.page.evaluate(KEPT) == []


@pytest.mark.parametrize("status", [502, 503])
async def test_a_server_that_cannot_take_them_is_no_connection(
    live: Live, cast: Cast, answers: Any, status: int
) -> None:
    async with browser.chromium() as chromium:
        ada = await opened(chromium, live, cast.ada)
        await choose(ada, answers[0])
        await ada.page.route(f"**{QUIZ}", lambda route: route.fulfill(status=status))
        await send(ada)
        await sees(ada, UNSENT)
        assert posts(ada) == 0
        await ada.page.unroute(f"**{QUIZ}")
        await send(ada)
        await sees(ada, "Attempt 1: 100% right")
        assert await attempts() == [(1, 100.0)]


async def test_two_clicks_send_once(live: Live, cast: Cast, answers: Any) -> None:
    async with browser.chromium() as chromium:
        ada = await opened(chromium, live, cast.ada)
        await choose(ada, answers[0])
        await ada.page.locator("form.card button").dblclick()
        await sees(ada, "Attempt 1: 100% right")
        assert posts(ada) == 1
        assert await attempts() == [(1, 100.0)]
        assert ada.errors == []


async def test_who_was_signed_out_meanwhile_signs_in_and_finds_the_answers(
    live: Live, cast: Cast, answers: Any
) -> None:
    cast.ada.set_password("an algorithm of her own")
    await cast.ada.asave()
    async with browser.chromium() as chromium:
        ada = await opened(chromium, live, cast.ada)
        await choose(ada, answers[0])
        other = await ada.page.context.new_page()
        await other.goto("/")
        await other.get_by_role("button", name="Sign out").click()
        await other.get_by_label("User name").wait_for()

        await send(ada)
        await ada.page.get_by_label("User name").fill("ada")
        await ada.page.get_by_label("Password").fill("an algorithm of her own")
        await ada.page.get_by_role("button", name="Sign in").click()
        await sees(ada, RESTORED)
        assert await ada.page.evaluate(CHECKED) == answers[0]
        assert await attempts() == []
        await send(ada)
        await sees(ada, "Attempt 1: 100% right")
        assert await attempts() == [(1, 100.0)]


async def test_nobody_else_on_this_device_finds_the_answers(live: Live, cast: Cast, answers: Any) -> None:
    async with browser.chromium() as chromium:
        window = await opened(chromium, live, cast.ada)
        await choose(window, answers[0])
        for person, found in ((cast.bob, {}), (cast.ada, answers[0])):
            cookie = {"name": "sessionid", "value": await live.session(person), "domain": "127.0.0.1", "path": "/"}
            await window.page.context.add_cookies([cookie])  # type: ignore[list-item]
            await window.page.goto(QUIZ)
            assert await window.page.evaluate(CHECKED) == found
            assert await window.page.get_by_text(RESTORED).is_visible() == bool(found)


async def test_what_the_server_had_last_wins_over_what_the_device_kept(live: Live, cast: Cast, answers: Any) -> None:
    right, wrong = answers
    first = next(iter(right))

    async def change(route: Route) -> None:
        """Another choice, and a submission that is none."""
        sent = (route.request.post_data or "").replace(f"n-{first}={right[first]}", f"n-{first}={wrong[first]}")
        if route.request.method == "POST":
            await route.continue_(post_data=re.sub("submission=[^&]*", "submission=none", sent))
        else:
            await route.continue_()

    async with browser.chromium() as chromium:
        ada = await opened(chromium, live, cast.ada)
        await choose(ada, right)
        await ada.page.route(f"**{QUIZ}", change)
        await send(ada)
        await sees(ada, "submission must be a UUID")
        assert await ada.page.evaluate(CHECKED) == {**right, first: wrong[first]}
        assert not await ada.page.get_by_text(RESTORED).is_visible()
        await ada.page.unroute(f"**{QUIZ}")
        await send(ada)
        await sees(ada, "Attempt 1: 50% right")
        assert await attempts() == [(1, 50.0)]
        assert await ada.page.evaluate(KEPT) == []


@pytest.mark.parametrize("storage", [FULL, FORBIDDEN], ids=["full", "forbidden"])
async def test_where_the_device_keeps_nothing_the_page_says_so_and_works(
    live: Live, cast: Cast, answers: Any, storage: str
) -> None:
    async with browser.chromium() as chromium:
        ada = await browser.window(chromium, live, cast.ada)
        await ada.page.add_init_script(f"({storage})()")
        await ada.page.goto(QUIZ)
        await choose(ada, answers[0])
        assert ada.errors == []
        await ada.page.context.set_offline(True)
        await send(ada)
        await sees(ada, "Keep this page open, and send your answers again when it is back.")
        await ada.page.context.set_offline(False)
        await send(ada)
        await sees(ada, "Attempt 1: 100% right")
        assert await attempts() == [(1, 100.0)]


async def test_without_javascript_the_forms_are_sent_as_ever(
    live: Live, cast: Cast, answers: Any, exam_answers: Any
) -> None:
    async with browser.chromium() as chromium:
        ada = await opened(chromium, live, cast.ada, java_script_enabled=False)
        assert not await ada.page.get_by_text("kept on this device").first.is_visible()
        await choose(ada, answers[1])
        await send(ada)
        await sees(ada, "Attempt 1: 0% right")
        await choose(ada, answers[0])
        await ada.page.route(f"**{QUIZ}*", lose_the_answer)
        async with ada.page.expect_event("requestfailed", lambda request: request.method == "POST"):
            await send(ada)
        assert await attempts() == [(1, 0.0), (2, 100.0)]
        await ada.page.unroute(f"**{QUIZ}*")
        await ada.page.reload()  # the browser sends the form again
        await sees(ada, "Attempt 2: 100% right")
        assert posts(ada) == 3
        assert await attempts() == [(1, 0.0), (2, 100.0)]

        await ada.page.goto(EXAM)
        await ada.page.get_by_role("button", name="Start the exam").click()
        await choose(ada, exam_answers[0])
        await send(ada)
        await sees(ada, "Attempt 1: 100% right")


async def test_an_exams_answers_outlive_the_page_and_close_its_attempt_once(
    live: Live, cast: Cast, exam_answers: Any
) -> None:
    async with browser.chromium() as chromium:
        ada = await opened(chromium, live, cast.ada, EXAM)
        await ada.page.get_by_role("button", name="Start the exam").click()
        await choose(ada, exam_answers[0])
        await ada.page.context.set_offline(True)
        await send(ada)
        await sees(ada, UNSENT)
        await ada.page.context.close()

        ada = await opened(chromium, live, cast.ada, EXAM)  # another device: nothing is there
        assert await ada.page.evaluate(CHECKED) == {}
        await choose(ada, exam_answers[1])
        await ada.page.reload()
        await sees(ada, RESTORED)
        assert await ada.page.evaluate(CHECKED) == exam_answers[1]

        await ada.page.route(f"**{EXAM}", lose_the_answer)
        async with ada.page.expect_event("requestfailed", lambda request: request.method == "POST"):
            await send(ada)
        await ada.page.unroute(f"**{EXAM}")
        await ada.page.goto(EXAM)
        await sees(ada, "Attempt 1: 0% right")
        assert await ada.page.evaluate(KEPT) == []

        await ada.page.get_by_role("button", name="Take it again").click()
        await choose(ada, exam_answers[0])
        await ada.page.wait_for_function(f"() => ({KEPT})().length === 1")
        await send(ada)
        await sees(ada, "Attempt 2: 100% right")
        assert await ada.page.evaluate(KEPT) == []
    scores = ExamAttempt.objects.order_by("pk").values_list("score", flat=True)
    assert await sync_to_async(list)(scores) == [0.0, 100.0]


async def test_what_is_chosen_before_the_script_is_there_is_kept_and_wins(live: Live, cast: Cast, answers: Any) -> None:
    right, wrong = answers
    first, *others = right
    hurried = {first: wrong[first], **{question: right[question] for question in others}}
    async with browser.chromium() as chromium:
        ada = await opened(chromium, live, cast.ada)
        await choose(ada, right)
        is_chosen = asyncio.Event()

        async def slowly(route: Route) -> None:
            await is_chosen.wait()
            await route.continue_()

        await ada.page.route("**/paper-page*.js", slowly)
        await ada.page.reload(wait_until="commit")
        await choose(ada, {first: wrong[first]})
        is_chosen.set()
        await sees(ada, RESTORED)
        assert await ada.page.evaluate(CHECKED) == hurried

        await ada.page.unroute("**/paper-page*.js")
        await ada.page.reload()
        await sees(ada, RESTORED)
        assert await ada.page.evaluate(CHECKED) == hurried


async def test_one_who_only_teaches_keeps_and_sends_nothing(live: Live, cast: Cast, answers: Any) -> None:
    async with browser.chromium() as chromium:
        ada = await opened(chromium, live, cast.ada)
        await choose(ada, answers[0])
        assert len(await ada.page.evaluate(KEPT)) == 1
        grace = await opened(chromium, live, cast.grace)
        await choose(grace, answers[0])
        assert await grace.page.evaluate(KEPT) == []
        assert await grace.page.locator("form.card button").count() == 0
