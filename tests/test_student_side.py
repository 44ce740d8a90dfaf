"""A student's pages as a student uses them, in a real browser: by keyboard, in two windows, without JavaScript."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.utils import timezone
from playwright.async_api import Page, expect

from progress.models import Lesson, LessonQuiz, User, UserProgress
from tests import browser
from tests.browser import PLAY, Window, until_state, watch_violations
from tests.cast import Cast
from tests.live import Live, until
from tests.papers import ask

NEWS = "/api/achievements/news/"
TOASTS = ".toast b"
GRID = """() => [...document.querySelectorAll("[data-achievement], [data-percent]")].map((place) => [
    place.dataset.achievement ?? place.dataset.percent,
    place.matches("[data-earned], [data-reached]"),
    place.querySelector("[data-if]").hidden,
    [...place.querySelectorAll("time")].map((time) => Date.parse(time.dateTime) || null),
    place.querySelector("[data-slot=progress]")?.textContent,
    place.querySelector("progress")?.value,
])"""
FOCUSED = "() => document.activeElement.textContent.replace(/\\s+/g, ' ').trim()"


async def by_keyboard(page: Page, name: str) -> None:
    """Go to a link or button with the tabulator key, and press it."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        if name in await page.evaluate(FOCUSED):
            return await page.keyboard.press("Enter")
    raise AssertionError(f"{name} is not reached")


async def watched(person: User, lesson: Lesson, to: float) -> None:
    """That a student has watched a lesson up to here."""
    await UserProgress.objects.acreate(
        user=person,
        lesson=lesson,
        course_id=lesson.course_id,
        status="in_progress",
        segments=[[0, to]],
        last_watched_timestamp=to,
        video_watch_percentage=100 * to / lesson.duration,
        last_accessed=timezone.now(),
        budget_at=timezone.now(),
        budget_seconds=100,
    )


async def reload_shows_the_same(window: Window) -> None:
    """What the open page shows of achievements is what it shows when loaded anew."""
    shown = await window.page.evaluate(GRID)
    summary = await window.page.locator("[data-slot=summary]").inner_text()
    await window.page.reload()
    assert await window.page.evaluate(GRID) == shown
    assert await window.page.locator("[data-slot=summary]").inner_text() == summary


async def test_a_student_goes_on_where_they_left_off_and_is_told_at_once_what_they_earned(
    live: Live, cast: Cast
) -> None:
    film = await browser.add_lesson(cast.algorithms, title="Counting", seconds=4)
    await Lesson.objects.filter(pk=film.pk).aupdate(order=9)
    await watched(cast.ada, film, 2.5)
    async with browser.chromium() as chromium:
        ada = await browser.window(chromium, live, cast.ada)
        found = await watch_violations(ada.page)
        other = await browser.window(chromium, live, cast.ada, web=1)
        await other.page.goto("/me/activity/")
        await until_state(other, "live")
        await expect(other.page.locator('[data-achievement="first_lesson"]')).to_contain_text("0 of 1 lesson")

        page = ada.page
        await page.goto("/")
        await by_keyboard(page, "Algorithms")
        await expect(page.get_by_role("heading", name="Algorithms")).to_be_visible()
        await by_keyboard(page, "Go on at 0:02")
        resumed = page.locator("[data-resumed]")
        await expect(resumed).to_contain_text("You go on where you left off, at 0:02.")
        assert await page.evaluate("document.querySelector('video').currentTime") >= 2.4
        await by_keyboard(page, "From the beginning")
        await expect(resumed).to_be_hidden()
        await page.wait_for_function("() => document.querySelector('video').currentTime < 0.5")

        await page.get_by_role("link", name="Algorithms", exact=True).focus()
        await page.evaluate("() => { document.querySelector('video').currentTime = 2.4; }")
        await page.evaluate(PLAY)
        # Whichever window asks first tells; both are visible here, and what is told is told once.
        shown = lambda: _texts(ada, other)  # noqa: E731
        titles = await _until(shown, lambda texts: {"First lesson"} <= set(texts))
        assert len(titles) == len(set(titles))
        assert await page.evaluate(FOCUSED) == "Algorithms"  # nothing took the focus
        await page.locator("[data-state] [data-when=completed]").wait_for()

        await expect(other.page.locator('[data-achievement="first_lesson"]')).to_have_attribute("data-earned", "")
        await expect(other.page.locator('[data-percent="50"]')).to_have_attribute("data-reached", "")
        await expect(other.page.locator('[data-achievement="ten_lessons"]')).to_contain_text("1 of 10 lessons")
        await reload_shows_the_same(other)
        assert await other.page.locator(TOASTS).count() == 0  # what was told is not told again
        assert found == other.errors == []


HIDE = """() => Object.defineProperty(document, "visibilityState", { get: () => "hidden", configurable: true })"""
SHOW = "() => { delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange')); }"


def asked(window: Window) -> bool:
    """Whether the window asked what is new."""
    return any(each.endswith(NEWS) for each in window.requests)


async def _texts(*windows: Window) -> list[str]:
    return [text for window in windows for text in await window.page.locator(TOASTS).all_inner_texts()]


async def _until(ask: Any, fits: Any) -> Any:
    """Ask until the answer fits, and return it."""
    answers: list[Any] = []

    async def again() -> bool:
        answers.append(await ask())
        return bool(fits(answers[-1]))

    for _ in range(400):
        if await again():
            return answers[-1]
    raise AssertionError(answers[-1])


async def test_two_windows_show_one_toast_and_a_hidden_one_leaves_it_to_the_other(live: Live, cast: Cast) -> None:
    async with browser.chromium() as chromium:
        windows = [await browser.window(chromium, live, cast.ada, web=web) for web in (0, 1)]
        for window in windows:
            await window.page.goto("/me/activity/")
            await until_state(window, "live")
        answered: list[str] = []
        for window in windows:
            window.page.on("requestfinished", lambda request: answered.append(request.url))
        async with live.player(cast.ada, cast.bernoulli) as player:
            await player.watch(to=95)
        await until(lambda: len([url for url in answered if url.endswith(NEWS)]) == 2)
        titles = await _until(lambda: _texts(*windows), lambda texts: "First lesson" in texts)
        for window in windows:
            await expect(window.page.locator('[data-achievement="first_lesson"]')).to_have_attribute("data-earned", "")
        assert await _texts(*windows) == titles
        assert titles.count("First lesson") == titles.count("Course completed") == 1
        for window in windows:
            await reload_shows_the_same(window)

        assert await _texts(*windows) == []  # what was told is not told again

        # Now one of them lies behind another window, where nobody would read what it tells.
        behind, seen = windows
        for window in windows:
            await until_state(window, "live")
            window.requests.clear()
        await behind.page.evaluate(HIDE)
        another = await Lesson.objects.acreate(course=cast.algorithms, title="Graphs", slug="graphs", duration=100)
        async with live.player(cast.ada, another) as player:
            await player.watch(to=95)
        await browser.shown(behind, "lesson_completed")
        await behind.page.locator('[data-achievement="ten_lessons"]').get_by_text("2 of 10 lessons").wait_for()
        await until(lambda: asked(seen))
        assert not asked(behind)
        await behind.page.evaluate(SHOW)
        await until(lambda: asked(behind))


async def test_a_toast_after_a_quiz_is_said_by_the_page_and_dismissed_by_keyboard(live: Live, cast: Cast) -> None:
    right, wrong = await sync_to_async(_quiz)(cast.bernoulli)
    async with browser.chromium() as chromium:
        ada = await browser.window(chromium, live, cast.ada, reduced_motion="reduce")
        page = ada.page
        for answers in (wrong, right):
            await page.goto("/courses/algorithms/bernoulli/quiz/")
            for question, choice in answers.items():
                await page.locator(f'input[name="question-{question}"][value="{choice}"]').check()
            await page.get_by_role("button", name="Answer").click()
            await page.locator("[data-stored]").wait_for()
        region = page.get_by_role("status").filter(has=page.locator(".toast"))
        await expect(region).to_contain_text("Never gave up")
        assert await page.evaluate("() => document.activeElement === document.body")
        # A toast that stood in the page is taken out and put in anew: in between there is none.
        await page.wait_for_function(
            "() => [...document.querySelectorAll('.toast')]"
            ".some((each) => getComputedStyle(each).animationDuration === '0s')"
        )
        await by_keyboard(page, "Dismiss")
        await expect(page.locator(".toast")).to_have_count(0)
        assert await page.evaluate("() => document.activeElement.id") == "content"
        await page.reload()
        assert await page.locator(".toast").count() == 0
        assert ada.errors == []


def _quiz(lesson: Lesson) -> tuple[dict[str, int], dict[str, int]]:
    return ask(quiz=LessonQuiz.objects.create(lesson=lesson, title="Quiz", required=False))


async def test_a_toast_stays_while_it_is_read_and_goes_by_itself(live: Live, cast: Cast) -> None:
    async with live.player(cast.ada, cast.bernoulli) as player:
        await player.watch(to=95)
    async with browser.chromium() as chromium:
        ada = await browser.window(chromium, live, cast.ada)
        page = ada.page
        await page.clock.install()
        await page.goto("/me/settings/")
        toasts = page.locator(".toast")
        await page.clock.run_for(1_000)
        count = await toasts.count()
        assert count >= 2
        await toasts.first.hover()
        await page.clock.run_for(60_000)
        await expect(toasts).to_have_count(1)
        await page.mouse.move(0, 0)
        await page.clock.run_for(10_000)
        await expect(toasts).to_have_count(1)
        await page.clock.run_for(3_000)
        await expect(toasts).to_have_count(0)


async def test_settings_by_keyboard_with_the_time_zone_of_the_device(live: Live, cast: Cast) -> None:
    async with browser.chromium() as chromium:
        ada = await browser.window(chromium, live, cast.ada, timezone_id="Europe/Berlin")
        page = ada.page
        found = await watch_violations(page)
        await page.goto("/")
        await by_keyboard(page, "Ada Lovelace")
        await page.get_by_label("Time zone").fill("Europe/Atlantis")
        await page.get_by_label("Dark").check()
        await by_keyboard(page, "Save")
        zone = page.get_by_label("Time zone")
        await expect(zone).to_be_focused()
        await expect(zone).to_have_attribute("aria-invalid", "true")
        await expect(zone).to_have_accessible_description(
            "There is no time zone “Europe/Atlantis”. Choose one from the list, such as Europe/Berlin. "
            "Type a part of its name, such as Berlin. Times, filters by day and streaks follow it."
        )
        await expect(zone).to_have_value("Europe/Atlantis")
        await expect(page.get_by_label("Dark")).to_be_checked()
        await expect(page.locator("[data-device-zone]")).to_contain_text("This device is in Europe/Berlin.")
        await by_keyboard(page, "Use this time zone")
        await expect(zone).to_have_value("Europe/Berlin")
        await expect(page.locator("[data-device-zone]")).to_be_hidden()
        await page.get_by_label("Hide my name").check()
        await by_keyboard(page, "Save")
        await expect(page.get_by_role("status").filter(has_text="saved")).to_be_visible()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        assert [said for said in found if "422" not in said] == []  # the refused form, which a browser notes
    stored = await User.objects.aget(pk=cast.ada.pk)
    assert (stored.time_zone, stored.theme, stored.name_hidden) == ("Europe/Berlin", "dark", True)


async def test_without_javascript_all_is_there_but_what_moves(live: Live, cast: Cast) -> None:
    graphs = await Lesson.objects.acreate(course=cast.algorithms, title="Graphs", slug="graphs", order=2, duration=100)
    await watched(cast.ada, graphs, 40)
    async with live.player(cast.ada, cast.bernoulli) as player:
        await player.watch(to=95)
    async with browser.chromium() as chromium:
        ada = await browser.window(chromium, live, cast.ada, java_script_enabled=False)
        page = ada.page
        await page.goto("/")
        toast = page.locator(".toast").first
        await expect(toast).to_contain_text("First lesson")
        await expect(toast.get_by_role("button")).to_be_hidden()  # it would do nothing
        await page.get_by_role("link", name="Algorithms", exact=True).click()
        assert await page.locator(".toast").count() == 0
        await expect(page.locator(".syllabus .strip path:not([d=''])")).to_have_count(1)
        await page.get_by_role("link", name="Go on").click()
        await expect(page.locator(".strip g path:not([d=''])")).to_have_count(1)
        await page.goto("/me/activity/")
        await expect(page.locator('[data-achievement="first_lesson"] [data-if]')).to_be_visible()
        await expect(page.locator('[data-achievement="course"]')).to_contain_text("1 of 2 lessons")
        await page.goto("/me/settings/")
        await expect(page.locator("[data-device-zone]")).to_be_hidden()
        await page.get_by_label("Time zone").fill("asia/tokyo")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_text("Your settings are saved.")).to_be_visible()
        await expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
