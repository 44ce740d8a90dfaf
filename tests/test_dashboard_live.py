"""The dashboard in a browser: figures rise with what comes live, each entry once, and fall where one is withdrawn."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.utils import timezone

from progress import corrections
from progress.audit import Author
from progress.models import ExamAttempt, UserProgress
from tests import browser
from tests.browser import Window, followed
from tests.cast import Cast
from tests.live import Live, until
from tests.test_browser import attempt_exam, certify, watch
from tests.test_query import watched


async def says(window: Window, figure: str, number: int, words: str) -> None:
    """Wait until a figure stands at this number, with these words under it."""
    card = window.page.locator(f'[data-figure="{figure}"]')
    await card.locator("[data-number]", has_text=str(number)).wait_for()
    await card.locator("[data-words]", has_text=words).wait_for()


async def test_figures_rise_live_each_entry_once_and_fall_where_an_attempt_is_withdrawn(live: Live, cast: Cast) -> None:
    earlier = timezone.now() - timedelta(days=7, minutes=1)
    await sync_to_async(watched)(cast.bob, cast.bernoulli, earlier, completed=True)
    async with browser.chromium() as chromium:
        grace = await followed(chromium, live, cast.grace, "/dashboard/")
        week_ago = await grace.page.locator('[data-figure="completions"] [data-words]').inner_text()
        before = int(earlier.date() == (timezone.now() - timedelta(days=7)).date())  # unless it is just midnight
        assert week_ago == ("1 fewer than last week" if before else "As many as last week")
        await watch(live, cast.ada, cast.bernoulli, to=95)
        await says(grace, "completions", 1, "As many as last week" if before else "1 more than last week")
        card = grace.page.locator(f'[data-course="{cast.algorithms.pk}"]')
        await card.get_by_text("1 lesson completed today").wait_for()
        assert await grace.page.locator("[data-quiet]").is_hidden()
        await attempt_exam(cast.ada, cast.algorithms, 40, 90)
        await certify(cast.bob, cast.algorithms)
        await says(grace, "passes", 1, "1 more than last week")
        await says(grace, "certificates", 1, "1 more than last week")

        asked = len(grace.requests)
        attempt = await ExamAttempt.objects.aget(passed=True)
        author = await sync_to_async(Author.of)(cast.admin, "It was a trial.")
        await sync_to_async(corrections.withdraw_exam_attempt)(author, attempt.pk)
        await says(grace, "passes", 0, "As many as last week")
        assert any(url.endswith("/api/figures/") for url in grace.requests[asked:])

        # The page's own figures and those that came live are the same.
        live_figures = await grace.page.locator("[data-number]").all_inner_texts()
        await grace.page.reload()
        await browser.until_state(grace, "live")
        assert (await grace.page.locator("[data-number]").all_inner_texts())[2:] == live_figures[2:] == ["1", "0", "1"]
        assert grace.errors == []
        await until(lambda: grace.sockets == 2)


async def test_an_entry_that_is_counted_already_does_not_count_again_and_the_keyboard_opens_what_counts(
    live: Live, cast: Cast
) -> None:
    async with browser.chromium() as chromium:
        grace = await followed(chromium, live, cast.grace, "/dashboard/")
        await watch(live, cast.ada, cast.bernoulli, to=95)
        await says(grace, "completions", 1, "1 more than last week")
        row = await UserProgress.objects.aget(user=cast.ada)
        again: dict[str, Any] = {
            "id": f"lesson_completed:{row.pk}",
            "type": "lesson_completed",
            "timestamp": "2999-01-01T00:00:00.000000Z",
            "course": {"id": cast.algorithms.pk},
            "data": {},
        }
        tell = "(entry) => document.dispatchEvent(new CustomEvent('feed:entries', {detail: {entries: [entry]}}))"
        await grace.page.evaluate(tell, again)
        other = {**again, "id": "lesson_completed:0", "timestamp": timezone.now().isoformat().replace("+00:00", "Z")}
        await grace.page.evaluate(tell, other)
        await says(grace, "completions", 2, "2 more than last week")

        about = grace.page.locator('[data-figure="completions"] details')
        await about.locator("summary").focus()
        await grace.page.keyboard.press("Enter")
        await about.get_by_text("Lessons completed since midnight").wait_for()
        await grace.page.keyboard.press("Shift+Tab")
        await grace.page.keyboard.press("Enter")
        await grace.page.wait_for_url("**/dashboard/students/?type=lesson_completed&since=*")


async def test_who_opens_a_lesson_and_plays_is_active_and_watching_and_then_is_not(live: Live, cast: Cast) -> None:
    async with browser.chromium() as chromium:
        grace = await followed(chromium, live, cast.grace, "/dashboard/")
        oscar = await followed(chromium, live, cast.oscar, "/dashboard/")
        watching = grace.page.locator('[data-figure="watching"] [data-number]')
        active = grace.page.locator('[data-figure="active"] [data-number]')
        assert (await watching.inner_text(), await active.inner_text()) == ("0", "0")
        async with live.player(cast.ada, cast.bernoulli) as player:
            await player.watch(to=20)
            await watching.get_by_text("1", exact=True).wait_for()
            await active.get_by_text("1", exact=True).wait_for()
        await watching.get_by_text("0", exact=True).wait_for()
        assert await oscar.page.locator('[data-figure="active"] [data-number]').inner_text() == "0"
        assert grace.errors == oscar.errors == []
