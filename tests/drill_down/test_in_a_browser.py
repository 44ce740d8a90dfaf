"""Drill-downs in a real browser: live, by keyboard, without JavaScript, on paper."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from playwright.async_api import Page

from progress.models import Correction, Enrollment, UserProgress
from tests import browser
from tests.cast import Cast
from tests.drill_down import school
from tests.drill_down.school import row
from tests.live import Live

# What a person reads: of the box, whether it is drawn at all.
DRAWN = """(selector) => [...document.querySelectorAll(selector)].filter((element) => {
  const { width, height } = element.getBoundingClientRect();
  return width > 0 && height > 0 && element.checkVisibility();
}).length"""
COLOUR = "(selector) => getComputedStyle(document.querySelector(selector)).fill"


async def press(page: Page, key: str, *, until_focus_on: str) -> None:
    """Press a key until the focus is where it should be: everything is reached by keyboard."""
    for _ in range(80):
        await page.keyboard.press(key)
        if await page.evaluate(
            "(words) => document.activeElement.textContent.trim().startsWith(words)", arg=until_focus_on
        ):
            return
    raise AssertionError(f"no focus on {until_focus_on}")


async def test_a_lesson_is_confirmed_by_keyboard_and_an_open_page_of_the_student_tells_it_live(
    live: Live, cast: Cast
) -> None:
    path = f"/dashboard/students/{cast.ada.pk}/"
    async with browser.chromium() as chromium:
        other = await browser.followed(chromium, live, cast.admin, path)
        assert await other.page.locator("#activity-feed > li").count() == 0
        grace = await browser.followed(chromium, live, cast.grace, path)
        await press(grace.page, "Tab", until_focus_on="Confirm by hand…")
        await grace.page.keyboard.press("Enter")
        await grace.page.locator("#reason:focus").wait_for()
        await press(grace.page, "Tab", until_focus_on="Go on")
        await grace.page.keyboard.press("Enter")
        await grace.page.locator("[role=alert]").wait_for()
        await grace.page.locator('#reason[aria-invalid="true"]:focus').wait_for()
        await grace.page.keyboard.type("was in the room")
        await press(grace.page, "Tab", until_focus_on="Go on")
        await grace.page.keyboard.press("Enter")
        await grace.page.get_by_text("Reason: was in the room").wait_for()
        assert not await UserProgress.objects.filter(completed=True).aexists()
        await press(grace.page, "Tab", until_focus_on="Yes, confirm it")
        await grace.page.keyboard.press("Enter")
        await grace.page.get_by_text("Confirmed by Grace Hopper (grace): was in the room").wait_for()
        await grace.page.get_by_text("The lesson is confirmed as completed.").wait_for()
        await grace.page.locator(f"#lesson-{cast.bernoulli.pk} .study-line > .badge-good").wait_for()
        assert grace.page.url.endswith(f"{path}#lesson-{cast.bernoulli.pk}")
        await browser.shown(other, "lesson_completed")
        loads = [each for each in other.requests if each.endswith(path)]
        assert (len(loads), other.sockets) == (1, 1)  # it was not loaded again: the row came live
        assert (await Correction.objects.aget()).by_id == cast.grace.pk
        # 422 is what a form without a reason is answered with.
        assert [each for each in grace.errors + other.errors if "422" not in each] == []


async def test_the_feed_of_the_page_moves_with_that_student_and_nobody_else(live: Live, cast: Cast) -> None:
    async with browser.chromium() as chromium:
        grace = await browser.followed(chromium, live, cast.grace, f"/dashboard/students/{cast.ada.pk}/")
        async with live.player(cast.bob, cast.bernoulli) as bob, live.player(cast.ada, cast.bernoulli) as ada:
            await bob.watch(to=60)
            await ada.watch(to=55)
        await browser.shown(grace, "progress_update")
        assert await grace.page.locator("#activity-feed > li").count() == 1
        assert await grace.page.locator("#activity-feed").inner_text() != ""
        assert "Bob" not in await grace.page.locator("#activity-feed").inner_text()


async def test_both_pages_say_everything_without_javascript(live: Live, cast: Cast) -> None:
    made = await sync_to_async(school.make)(cast.algorithms, students=12)
    student = made.students[0]
    async with browser.chromium() as chromium:
        grace = await browser.window(chromium, live, cast.grace, java_script_enabled=False)
        await grace.page.goto("/dashboard/courses/algorithms/")
        assert await grace.page.locator(".chart-plot").count() == 2
        await grace.page.get_by_text("The numbers").click()
        rows = grace.page.locator(".numbers tbody tr")
        assert await rows.first.is_visible()
        await grace.page.locator(".funnel a").nth(1).click()
        await grace.page.wait_for_url("**/dashboard/courses/algorithms/?lesson=*")
        await grace.page.locator(".standing a").first.click()
        await grace.page.wait_for_url("**/dashboard/students/*/")
        await grace.page.goto(f"/dashboard/students/{student.pk}/")
        assert await grace.page.locator(".study-lesson").count() == 5
        await grace.page.locator(".study-lesson a.button").first.click()
        await grace.page.locator("#reason").fill("was in the room")
        await grace.page.get_by_role("button", name="Go on").click()
        await grace.page.get_by_role("button", name="Yes, confirm it").click()
        await grace.page.get_by_text("Confirmed by Grace Hopper").wait_for()
        assert await Correction.objects.filter(user=student).acount() == 1


async def test_a_students_page_prints_as_a_report(live: Live, cast: Cast) -> None:
    await Enrollment.objects.acreate(user=cast.ada, course=cast.botany)
    await UserProgress.objects.abulk_create([row(cast.ada, cast.bernoulli, [(0, 40)]), row(cast.ada, cast.mosses)])
    async with browser.chromium() as chromium:
        admin = await browser.followed(chromium, live, cast.admin, f"/dashboard/students/{cast.ada.pk}/")
        live_things = "button, .button, [data-feed], .site-header, .site-nav, .skip-link, .feed-status"
        assert await admin.page.evaluate(DRAWN, live_things) > 5
        screen = await admin.page.evaluate("document.querySelector('.study time, .drill-head time').textContent")
        await admin.page.emulate_media(media="print", color_scheme="dark")
        assert await admin.page.evaluate(DRAWN, live_things) == 0
        assert await admin.page.evaluate(DRAWN, ".strip") == 2
        assert await admin.page.evaluate(DRAWN, ".study") == 2
        assert await admin.page.evaluate(COLOUR, ".strip path") == "rgb(20, 163, 191)"  # light, on paper
        breaks = "[...document.querySelectorAll('.study')].map((each) => getComputedStyle(each).breakBefore)"
        assert await admin.page.evaluate(breaks) == ["auto", "page"]
        shown = "getComputedStyle(document.querySelector('.drill-head time'), '::after').content"
        assert "20" in await admin.page.evaluate(shown)
        assert "ago" in screen or screen == "now"
        pdf = await admin.page.pdf(format="A4")
        assert pdf.count(b"/Type /Page\n") == 2


async def test_times_of_a_page_without_a_feed_are_kept_current(live: Live, cast: Cast) -> None:
    await UserProgress.objects.abulk_create([row(cast.ada, cast.bernoulli, [(0, 40)])])
    async with browser.chromium() as chromium:
        grace = await browser.window(chromium, live, cast.grace)
        await grace.page.goto("/dashboard/courses/algorithms/")
        await grace.page.locator(".standing time[data-exact]").wait_for()
        assert (grace.errors, grace.sockets) == ([], 0)
