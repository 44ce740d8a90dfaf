"""The students page in a real browser: runs, waiting entries, older pages, the title, all by keyboard too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.db import transaction
from django.utils import timezone
from playwright.async_api import Page, Route

from progress import outbox
from progress.models import Enrollment, Exam, ExamAttempt, Lesson, Outbox, User, UserProgress
from tests import browser
from tests.browser import followed
from tests.cast import Cast
from tests.live import Live, until

BOXES = """() => [...document.querySelectorAll("#activity-feed > li")].map((row) => {
    return [row.dataset.entryId, Math.round(row.getBoundingClientRect().top)];
})"""
HIDE = """(state) => {
    Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
ICON = "() => document.querySelector('link[rel=icon]').href"


@sync_to_async
def enrol(cast: Cast, count: int) -> list[User]:
    """So many students of algorithms."""
    first = User.objects.count()
    people = User.objects.bulk_create(
        User(username=f"s{first + number}", first_name="Student", last_name=f"{first + number}")
        for number in range(count)
    )
    Enrollment.objects.bulk_create(Enrollment(user=person, course=cast.algorithms) for person in people)
    return people


@sync_to_async
def complete(people: Sequence[User], lesson: Lesson, *, minutes_ago: float = 0, tell: bool = False) -> None:
    """These people completed a lesson one after the other; told of, or in the records alone."""
    now = timezone.now() - timedelta(minutes=minutes_ago)
    with transaction.atomic():
        rows = UserProgress.objects.bulk_create(
            UserProgress(
                user=person,
                lesson=lesson,
                course=lesson.course,
                status="completed",
                completed=True,
                completed_at=now + timedelta(milliseconds=number),
                completed_percentage=95,
                completed_claimed=False,
                budget_at=now,
            )
            for number, person in enumerate(people)
        )
        if tell:
            kind = Outbox.Kind.LESSON_COMPLETED
            outbox.write_and_tell([outbox.Reference(kind, row.pk, row.user_id, row.course_id) for row in rows])


@sync_to_async
def sit(cast: Cast, count: int) -> None:
    """Ada sat an exam so many times, a minute apart, long ago."""
    exam, _ = Exam.objects.get_or_create(course=cast.algorithms, defaults={"title": "Exam"})
    begin = timezone.now() - timedelta(days=30)
    ExamAttempt.objects.bulk_create(
        ExamAttempt(
            user=cast.ada,
            exam=exam,
            course=cast.algorithms,
            attempt_number=number,
            started_at=begin,
            submitted_at=begin + timedelta(minutes=number),
            score=50,
            passed=False,
        )
        for number in range(1, count + 1)
    )


async def count_of_rows(page: Page) -> int:
    """How many rows the list has."""
    return await page.locator("#activity-feed > li").count()


async def test_a_run_is_one_line_that_opens_and_closes_by_click_and_key(live: Live, cast: Cast) -> None:
    people = await enrol(cast, 6)
    await complete(people[:5], cast.bernoulli)
    async with browser.chromium() as chromium:
        grace = await followed(chromium, live, cast.grace)
        page = grace.page
        line = page.get_by_role("button", name="5 students completed Bernoulli numbers")
        assert await line.get_attribute("aria-expanded") == "false"
        visible = page.locator("#activity-feed > li:visible")
        assert await visible.count() == 1
        assert await count_of_rows(page) == 5  # law 4: they are there

        await line.click()
        assert await visible.count() == 5
        assert await line.get_attribute("aria-expanded") == "true"
        await line.focus()
        await page.keyboard.press("Enter")
        assert await visible.count() == 1
        await page.keyboard.press("Space")
        assert await visible.count() == 5

        # One more comes: the line follows, stays open, and keeps the focus.
        await complete(people[5:], cast.bernoulli, tell=True)
        await page.get_by_role("button", name="6 students completed Bernoulli numbers").wait_for()
        assert await visible.count() == 6
        assert await page.evaluate("() => document.activeElement.matches('[data-run-head][aria-expanded=true]')")
        assert await page.locator("[data-run-head]").count() == 1
        first = page.locator("#activity-feed > li").first
        assert await first.locator("[data-run-head]").count() == 1
        assert await first.locator("time").count() == 1  # the newest one's
        assert grace.errors == []


async def test_without_javascript_nothing_is_folded(live: Live, cast: Cast) -> None:
    await complete(await enrol(cast, 5), cast.bernoulli)
    async with browser.chromium() as chromium:
        grace = await browser.window(chromium, live, cast.grace, java_script_enabled=False)
        await grace.page.goto("/dashboard/students/")
        assert await grace.page.locator("#activity-feed > li:visible").count() == 5
        assert await grace.page.locator("[data-run-head]").count() == 0


async def test_what_is_read_does_not_move_while_fifty_entries_come(live: Live, cast: Cast) -> None:
    await sit(cast, 60)
    people = await enrol(cast, 50)
    async with browser.chromium() as chromium:
        grace = await followed(chromium, live, cast.grace)
        page = grace.page
        await page.evaluate("() => window.scrollTo(0, 900)")
        await page.wait_for_function("() => window.scrollY === 900")
        before = await page.evaluate(BOXES)
        await complete(people, cast.bernoulli, tell=True)
        pill = page.get_by_role("button", name="50 new entries")
        await pill.wait_for()
        assert await page.evaluate(BOXES) == before
        assert await page.evaluate("() => window.scrollY") == 900
        assert await page.title() == "(50) Students"
        await page.locator("[data-announcer]", has_text="new entr").wait_for(state="attached")

        await pill.focus()
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="50 students completed Bernoulli numbers").wait_for()
        assert await page.evaluate("() => document.activeElement.id") == "feed-heading"
        assert await page.title() == "Students"
        assert grace.errors == []


async def test_pause_by_keyboard_says_how_many_wait_and_older_pages_still_come(live: Live, cast: Cast) -> None:
    await sit(cast, 120)
    people = await enrol(cast, 60)
    async with browser.chromium() as chromium:
        grace = await followed(chromium, live, cast.grace)
        page = grace.page
        pause = page.get_by_role("button", name="Pause", exact=True)
        await pause.focus()
        await page.keyboard.press("Enter")
        await page.locator(".feed-status").get_by_text("Paused", exact=True).wait_for()
        await complete(people, cast.bernoulli, tell=True)
        await page.get_by_role("button", name="60 new entries").wait_for()
        newest = await page.evaluate(BOXES)
        await page.get_by_role("link", name="Older entries").dispatch_event("click")
        await page.wait_for_function("() => document.querySelectorAll('#activity-feed > li').length >= 100")
        assert (await page.evaluate(BOXES))[: len(newest)] == newest
        await page.get_by_role("button", name="60 new entries").wait_for()
        go_on = page.get_by_role("button", name="Go on")
        await go_on.focus()
        await page.keyboard.press("Enter")
        # More waited than the list has rows: it is the newest of them, and goes on from there without a gap.
        await page.get_by_role("button", name="50 students completed Bernoulli numbers").wait_for()
        await check_as_fresh(live, cast.grace, page)
        await page.get_by_role("link", name="Older entries").dispatch_event("click")
        await page.get_by_role("button", name="60 students completed Bernoulli numbers").wait_for()
        await check_as_fresh(live, cast.grace, page)
        assert grace.errors == []


async def check_as_fresh(live: Live, viewer: User, page: Page) -> None:
    """The list is what a fresh snapshot of its length is: law 4."""
    rows = [row[0] for row in await page.evaluate(BOXES)]
    fresh = [entry["id"] for entry in (await live.snapshot(viewer, limit=200))["entries"]]
    assert rows == fresh[: len(rows)]


async def test_a_hidden_page_counts_in_its_title_and_icon_until_it_is_seen(live: Live, cast: Cast) -> None:
    people = await enrol(cast, 3)
    async with browser.chromium() as chromium:
        grace = await followed(chromium, live, cast.grace)
        page = grace.page
        icon = await page.evaluate(ICON)
        await page.evaluate(HIDE, "hidden")
        await complete(people, cast.bernoulli, tell=True)
        await page.wait_for_function("() => document.title === '(3) Students'")
        assert await count_of_rows(page) == 0
        assert "favicon-new" in await page.evaluate(ICON)
        await page.evaluate(HIDE, "visible")
        await page.wait_for_function("() => document.querySelectorAll('#activity-feed > [data-fresh]').length === 3")
        assert (await page.title(), await page.evaluate(ICON)) == ("Students", icon)
        assert grace.errors == []


async def test_older_pages_come_by_scrolling_to_the_end_which_says_so(live: Live, cast: Cast) -> None:
    await sit(cast, 130)
    async with browser.chromium() as chromium:
        grace = await followed(chromium, live, cast.grace)
        page = grace.page
        assert not await page.get_by_text("That is all.").is_visible()
        for expected in (100, 130):
            await page.evaluate("() => window.scrollTo(0, document.body.scrollHeight)")
            await page.wait_for_function(
                "(count) => document.querySelectorAll('#activity-feed > li').length >= count", arg=expected
            )
        await page.get_by_text("That is all.").wait_for()
        assert await page.get_by_role("link", name="Older entries").count() == 0
        await check_as_fresh(live, cast.grace, page)
        assert len({asked for asked in grace.requests if "before=" in asked}) == 2
        assert grace.errors == []


async def test_older_pages_that_do_not_come_say_so_and_can_be_tried_again(live: Live, cast: Cast) -> None:
    await sit(cast, 70)
    async with browser.chromium() as chromium:
        grace = await followed(chromium, live, cast.grace)
        page = grace.page
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        await page.route("**/api/feed/?*", hold)
        await page.evaluate("() => window.scrollTo(0, document.body.scrollHeight)")
        await page.get_by_text("Older entries are coming…").wait_for()
        [route] = await until(lambda: held)
        await route.abort()
        await page.get_by_text("Older entries could not be loaded.").wait_for()
        await page.unroute("**/api/feed/?*")
        retry = page.get_by_role("button", name="Try again")
        await retry.focus()
        await page.keyboard.press("Enter")
        await page.wait_for_function("() => document.querySelectorAll('#activity-feed > li').length === 70")
        assert not await page.get_by_text("Older entries could not be loaded.").is_visible()


async def test_the_list_is_bounded_and_what_is_older_has_a_page_of_its_own(live: Live, cast: Cast) -> None:
    await sit(cast, 560)
    async with browser.chromium() as chromium:
        grace = await followed(chromium, live, cast.grace)
        page = grace.page
        for expected in range(100, 501, 50):
            await page.get_by_role("link", name="Older entries").dispatch_event("click")
            await page.wait_for_function(
                "(count) => document.querySelectorAll('#activity-feed > li').length >= count", arg=expected
            )
        await page.evaluate("() => window.scrollTo(0, document.body.scrollHeight)")
        link = page.get_by_role("link", name="Older entries")
        last = (await page.evaluate(BOXES))[-1][0]
        await link.click()
        await page.get_by_text("You are looking at older entries").wait_for()
        rows = [row[0] for row in await page.evaluate(BOXES)]
        assert len(rows) == 50
        numbers = [int(id.split(":")[1]) for id in [last, *rows]]
        assert numbers == list(range(numbers[0], numbers[0] - 51, -1))
        assert grace.errors == []


async def test_names_offer_themselves_while_one_types_and_lead_to_the_student(live: Live, cast: Cast) -> None:
    await sit(cast, 1)
    async with browser.chromium() as chromium:
        grace = await followed(chromium, live, cast.grace)
        page = grace.page
        field = page.get_by_label("Student", exact=True)
        await field.press_sequentially("lovel")
        await page.wait_for_function("() => document.querySelector('#student-names option')?.value === 'Ada Lovelace'")
        await field.fill("Ada Lovelace")
        await field.press("Enter")
        chip = page.get_by_role("link", name="Remove the filter: Ada Lovelace")
        await chip.wait_for()
        assert f"student={cast.ada.pk}" in page.url
        await chip.click()
        await chip.wait_for(state="detached")
        assert "student=" not in page.url
        assert grace.errors == []


async def test_a_time_says_its_exact_moment_to_who_points_at_it_and_who_listens(live: Live, cast: Cast) -> None:
    await sit(cast, 1)
    async with browser.chromium() as chromium:
        grace = await followed(chromium, live, cast.grace)
        time = grace.page.locator("#activity-feed time").first
        attempt = await ExamAttempt.objects.aget()
        assert attempt.submitted_at is not None
        moment: Any = attempt.submitted_at
        title = await time.get_attribute("title") or ""
        assert f"{moment.year}" in title
        assert f"{moment:%M:%S}" in title
        assert await time.get_attribute("aria-description") == title
