"""A whole course in real browsers: a student goes through it, and whoever teaches it sees every step by itself."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from playwright.async_api import Page

from progress.models import Certification, Exam, Lesson, LessonQuiz, QuizAttempt
from tests import browser
from tests.browser import PLAY, ROWS, Window, followed
from tests.cast import Cast
from tests.live import Live, until
from tests.papers import Answers, ask

SHOWN = """(expected) => [...document.querySelectorAll("#activity-feed > li:not([data-folded])")]
    .map((row) => row.querySelector(".entry-sentence").textContent.replace(/\\s+/g, " ").trim())
    .reverse().join("\\n") === expected"""


async def answer(page: Page, answers: Answers) -> None:
    """Choose answers on the open paper and send them."""
    for question, choice in answers.items():
        await page.locator(f'input[name="question-{question}"][value="{choice}"]').check()
    await page.get_by_role("button", name="Answer").or_(page.get_by_role("button", name="Submit")).click()


async def play(ada: Window, lesson: Lesson) -> None:
    """Open a lesson and play it from beginning to end."""
    await ada.page.goto(f"/courses/algorithms/{lesson.slug}/")
    await ada.page.evaluate(PLAY)
    await ada.page.locator("[data-saved='saved']").wait_for()
    await ada.page.wait_for_function("() => document.querySelector('video').ended", timeout=30_000)


async def told(grace: Window, *sentences: str) -> None:
    """Wait until the open page says these things, the oldest first, and nothing else."""
    await grace.page.wait_for_function(SHOWN, arg="\n".join(f"Ada Lovelace {each}" for each in sentences))


async def test_a_student_goes_through_a_course_and_the_instructor_sees_every_step(live: Live, cast: Cast) -> None:
    await Lesson.objects.all().adelete()
    first = await browser.add_lesson(cast.algorithms, title="Counting", seconds=6)
    second = await browser.add_lesson(cast.algorithms, title="Sorting", seconds=6)
    quiz = await LessonQuiz.objects.acreate(lesson=second, title="Sorting: quiz", pass_mark=70)
    exam = await Exam.objects.acreate(course=cast.algorithms, title="Final exam", pass_mark=50)
    quiz_right, quiz_wrong = await sync_to_async(ask)(quiz=quiz)
    exam_right, exam_wrong = await sync_to_async(ask)(exam=exam)
    steps: list[str] = []

    async def step(*sentences: str) -> None:
        steps.extend(sentences)
        await told(grace, *steps)

    async with browser.chromium() as chromium:
        grace = await followed(chromium, live, cast.grace)
        grace.requests.clear()
        ada = await browser.window(chromium, live, cast.ada)
        page = ada.page

        await play(ada, first)
        await step("completed Counting")

        await play(ada, second)
        await step("updated progress in Sorting")
        await until(lambda: [ack for _, ack in ada.heard("ack") if ack["watch_percentage"] >= 90])
        await page.reload()
        assert "The quiz is not passed yet." in await page.locator("[data-wants]").inner_text()
        await page.get_by_role("button", name="Mark as Complete").click()
        refusal = page.locator("[data-refusal]")
        await refusal.get_by_text("You must pass the lesson quiz").wait_for()
        await refusal.get_by_role("link", name="To the quiz").click()

        await answer(page, quiz_wrong)
        await page.get_by_text("Not passed yet.").wait_for()
        assert "completed Sorting" not in await grace.page.locator("#activity-feed").inner_text()
        await answer(page, quiz_right)
        await page.get_by_text("100% right").wait_for()
        steps.remove("updated progress in Sorting")  # folded under the completion
        await step("completed Sorting")
        await page.get_by_role("link", name="Back to the lesson").click()
        await page.locator("[data-state] [data-when=completed]").wait_for()

        await page.goto("/")
        await page.get_by_text("All lessons completed").wait_for()
        await page.get_by_role("link", name="Exam").click()
        await page.get_by_role("button", name="Start the exam").click()
        await answer(page, exam_wrong)
        await page.get_by_text("Not passed yet.").wait_for()
        await step("took the exam of Algorithms")
        await page.get_by_role("button", name="Take it again").click()
        await answer(page, exam_right)
        await page.get_by_text("Passed.").wait_for()
        await step("took the exam of Algorithms", "earned a certificate in Algorithms")

        await badges_are_right(grace, await Certification.objects.aget())
        assert grace.requests == []  # nothing was reloaded or asked for
        assert grace.sockets == 1
        rows = await grace.page.evaluate(ROWS)
        await grace.page.reload()
        assert await grace.page.evaluate(ROWS) == rows

        await page.get_by_role("link", name="Your certificate").click()
        await page.get_by_role("heading", name="Ada Lovelace").wait_for()
        anyone = await browser.window(chromium, live, None, web=1)
        seen = await anyone.page.goto(page.url.replace(live.site.address(0), live.site.address(1)))
        assert seen is not None
        assert seen.status == 200
        text = await anyone.page.locator("main").inner_text()
        assert "Ada Lovelace" in text
        assert "has completed the course Algorithms and passed its exam" in text
        assert await anyone.page.locator("svg.certificate-qr").is_visible()
        unknown = anyone.page.url.replace(str((await Certification.objects.aget()).certificate_id)[:8], "00000000")
        missing = await anyone.page.goto(unknown)
        assert missing is not None
        assert missing.status == 404
        assert grace.errors == []
        assert [said for said in ada.errors if "409" not in said] == []  # the refused completion, which a browser notes
    assert await QuizAttempt.objects.acount() == 2


async def badges_are_right(grace: Window, certificate: Certification) -> None:
    """Each of the four types with its badges, on rows that came live."""
    rows = grace.page.locator("#activity-feed > li")
    badges: dict[str, list[Any]] = {}
    for row in await rows.all():
        type = await row.get_attribute("data-type") or ""
        badges.setdefault(type, []).append(
            [" ".join(text.split()) for text in await row.locator(".badge:not([hidden])").all_inner_texts()]
        )
    assert badges["certification_issued"] == [[f"no. {str(certificate.certificate_id)[:8]}"]]
    assert badges["exam_attempt"] == [
        ["score 100%", "attempt 2", "passed"],
        ["score 0%", "attempt 1", "not passed"],
    ]
    assert len(badges["lesson_completed"]) == len(badges["progress_update"]) == 2
    for [watched] in badges["lesson_completed"]:
        assert watched.endswith("% watched")
