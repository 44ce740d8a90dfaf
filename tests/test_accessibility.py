"""What shuts people out of a page, looked for by axe-core: every page, in both themes, with the feed live."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from progress.models import Lesson, User
from tests import browser, every_page
from tests.browser import shown
from tests.cast import Cast
from tests.live import Live

axe = Axe()
THEMES = ("light", "dark")


@pytest_asyncio.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """A headless chromium."""
    async with browser.chromium() as opened:
        yield opened


@pytest_asyncio.fixture
async def named(live: Live, cast: Cast) -> dict[str, Any]:
    """One of everything in algorithms, and what addresses name."""
    return await every_page.one_of_everything(cast)


async def violations(page: Page, part: str | None = None) -> list[str]:
    """What axe finds on the page as it stands, or in a part of it: each rule, and the elements that break it."""
    # Colours that are still on their way to another one are no contrast that anybody reads.
    await page.evaluate("() => Promise.all(document.getAnimations().map((each) => each.finished.catch(() => null)))")
    found = (await axe.run(page, context=part)).response["violations"]
    return [
        f"{page.url} {each['id']}: {each['help']}: {node['html'][:160]}" for each in found for node in each["nodes"]
    ]


async def opened(chromium: Browser, live: Live, person: User | None, theme: str, **options: Any) -> browser.Window:
    """A window that asks for this theme."""
    return await browser.window(chromium, live, person, color_scheme=theme, **options)


async def watched(live: Live, person: User, lesson: Lesson, *, to: float) -> None:
    """This person has watched the lesson to that percentage."""
    async with live.player(person, lesson) as player:
        await player.watch(to=to)


async def settle(live: Live, where: browser.Window) -> None:
    """Wait until the feed of the page is live, where it has one that lives."""
    if await where.page.locator("section[data-feed][data-socket]").count():
        await browser.until_state(where, "live")


@pytest.mark.parametrize("theme", THEMES)
async def test_axe_finds_nothing_on_any_page(
    live: Live, cast: Cast, named: dict[str, Any], chromium: Browser, theme: str
) -> None:
    await watched(live, cast.ada, cast.bernoulli, to=55)
    await watched(live, cast.bob, cast.bernoulli, to=95)
    found: list[str] = []
    for role in ("anonymous", "ada", "admin"):
        where = await opened(chromium, live, getattr(cast, role, None), theme)
        for _, path in every_page.of(role, named):
            await where.page.goto(path)
            await settle(live, where)
            found += await violations(where.page)
    assert found == []


@pytest.mark.parametrize("theme", THEMES)
async def test_axe_finds_nothing_on_a_phone_while_entries_come(
    live: Live, cast: Cast, named: dict[str, Any], chromium: Browser, theme: str
) -> None:
    phone = await opened(chromium, live, cast.grace, theme, is_mobile=True, has_touch=True)
    await phone.page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/dashboard/students/", "/dashboard/"):
        await phone.page.goto(path)
        await settle(live, phone)
        await watched(live, cast.ada, cast.bernoulli, to=95)
        await shown(phone, "lesson_completed")
        assert await violations(phone.page) == []


@pytest.mark.parametrize("theme", THEMES)
async def test_axe_finds_nothing_on_our_own_part_of_the_admin_site(
    live: Live, cast: Cast, chromium: Browser, theme: str
) -> None:
    where = await opened(chromium, live, cast.admin, theme)
    await where.page.goto("/admin/progress/user/import/")
    assert await violations(where.page, "#content") == []
    async with live.player(cast.ada, cast.bernoulli) as player:
        await player.watch(to=55)
    await where.page.goto("/admin/progress/userprogress/")
    await where.page.get_by_role("checkbox").nth(1).check()
    await where.page.get_by_role("combobox", name="Action").select_option(label="Confirm as completed…")
    await where.page.get_by_role("button", name="Go", exact=True).click()
    await where.page.get_by_label("Reason").wait_for()
    assert await violations(where.page, "#content") == []


async def test_axe_finds_what_shuts_people_out(live: Live, cast: Cast, chromium: Browser) -> None:
    where = await opened(chromium, live, cast.ada, "light")
    await where.page.goto("/")
    await where.page.evaluate("() => document.querySelector('main').append(document.createElement('input'))")
    [found] = await violations(where.page)
    assert "label" in found
