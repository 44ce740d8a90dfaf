"""/ops/ in a browser: live, by keyboard, and with the states of a connection; and without JavaScript."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from consumers.ops.registry import registry
from tests import browser
from tests.cast import Cast
from tests.live import Live, until


@pytest_asyncio.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """A headless chromium."""
    async with browser.chromium() as opened:
        yield opened


async def opened(chromium: Browser, live: Live, cast: Cast) -> browser.Window:
    """olga's page, once it is live."""
    hers = await browser.window(chromium, live, cast.olga)
    await hers.page.goto("/ops/")
    await hers.page.locator('.ops-status[data-status="live"]').wait_for()
    return hers


async def until_well(page: Page) -> None:
    """Wait until all is well: of limits that the tests before have met, it is told for a minute."""
    try:
        await expect(page.locator("#verdict")).to_have_text("All is well.", timeout=75_000)
    except AssertionError:
        raise AssertionError(await page.locator('[data-rows="symptoms"]').inner_text()) from None


async def test_the_page_moves_by_itself_and_says_what_is_wrong(
    live: Live, cast: Cast, chromium: Browser, nobody_missed: None
) -> None:
    hers = await opened(chromium, live, cast)
    page = hers.page
    await until_well(page)
    group = page.locator(f'[data-rows="groups"] [data-key="feed.course.{cast.algorithms.pk}"]')
    async with live.feed(cast.grace, web=1):
        await expect(group.locator('[data-slot="sockets"]')).to_have_text("1", timeout=10_000)
    async with live.stopped("worker"):
        named = page.locator('[data-rows="symptoms"] [data-key="no_worker"]')
        await expect(named).to_contain_text("No worker is running.", timeout=10_000)
        await expect(page.locator("[data-verdict]")).to_have_attribute("data-state", "down")
    await expect(page.locator('[data-rows="symptoms"] > li')).to_have_count(0, timeout=15_000)
    assert hers.sockets == 1
    times = [at for at, _ in hers.heard("ops")]
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) > 1
    assert hers.errors == []


async def test_no_student_is_on_the_page_or_in_its_frames(live: Live, cast: Cast, chromium: Browser) -> None:
    async with live.feed(cast.ada), live.player(cast.ada, cast.bernoulli) as player:
        await player.watch(to=60)
        hers = await opened(chromium, live, cast)
        await hers.page.locator('[data-rows="groups"] [data-key="feed.student.*"]').wait_for()
        shown = await hers.page.content() + str(hers.frames)
    assert "feed.course." in shown or "feed.all" in shown
    for said in ("Lovelace", "Ada", f"feed.student.{cast.ada.pk}", "Bernoulli"):
        assert said not in shown


async def test_everything_is_reached_by_keyboard_and_focus_stays_while_the_page_moves(
    live: Live, cast: Cast, chromium: Browser
) -> None:
    hers = await opened(chromium, live, cast)
    page = hers.page
    focused = "() => document.activeElement?.getAttribute('href') ?? ''"
    drain = ""
    for _ in range(40):
        await page.keyboard.press("Tab")
        drain = str(await page.evaluate(focused))
        if drain.startswith("/ops/drain/?process="):
            break
    assert drain.startswith("/ops/drain/?process=")
    frames = len(hers.heard("ops"))
    await until(lambda: len(hers.heard("ops")) >= frames + 2, what="two more frames")
    assert await page.evaluate(focused) == drain
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/ops/drain/**")
    chosen = await page.locator("select").input_value()
    assert chosen in {each.id for each in await registry().read()}
    await page.goto("/ops/republish/")
    await page.get_by_label("Minutes").press("Enter")
    await page.wait_for_url("**/ops/")
    await expect(page.locator('[data-rows="actions"] > tr').first).to_contain_text("Republish the outbox")
    assert hers.errors == []


async def test_a_lost_connection_and_a_lost_right_are_said(live: Live, cast: Cast, chromium: Browser) -> None:
    hers = await opened(chromium, live, cast)
    status = hers.page.locator(".ops-status")
    live.site.end("web0")
    try:
        await expect(status).to_have_attribute("data-status", "offline", timeout=10_000)
        await expect(status).to_contain_text("No connection")
        await expect(hers.page.locator("[data-ops]")).to_have_attribute("data-stale", "")
        await cast.olga.user_permissions.aclear()
    finally:
        live.site.start("web0")
        await asyncio.to_thread(live.site.wait_ready, 0)
    await expect(status).to_have_attribute("data-status", "refused-4403", timeout=30_000)
    await expect(status).to_contain_text("You are no operator any more.")


async def test_without_javascript_the_page_says_how_all_was_when_it_was_loaded(
    live: Live, cast: Cast, chromium: Browser
) -> None:
    hers = await browser.window(chromium, live, cast.olga, java_script_enabled=False)
    await hers.page.goto("/ops/")
    await expect(hers.page.locator('[data-rows="processes"] > tr').first).to_contain_text("web")
    assert "Reload it to look again." in await hers.page.content()
    await expect(hers.page.locator(".ops-status")).to_be_hidden()
    assert hers.sockets == 0
