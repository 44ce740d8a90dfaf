"""Policies in a real browser: every page opens under its own without a violation, and a page that breaks it is seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from asgiref.sync import sync_to_async
from django.contrib import admin
from django.urls import reverse
from playwright.async_api import Browser, Page

from progress.models import User
from tests import browser, every_page
from tests.browser import until_state, watch_violations
from tests.cast import Cast
from tests.live import Live, until
from tests.test_roles import PAGES, table


@pytest_asyncio.fixture
async def named(live: Live, cast: Cast) -> dict[str, Any]:
    """One of everything in algorithms, and what addresses name."""
    return await every_page.one_of_everything(cast)


@pytest_asyncio.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """A headless chromium."""
    async with browser.chromium() as opened:
        yield opened


async def opened(chromium: Browser, live: Live, person: User | None) -> tuple[Page, list[str]]:
    """A page of this person's, and what goes wrong on it."""
    page = (await browser.window(chromium, live, person)).page
    return page, await watch_violations(page)


async def visit(page: Page, path: str) -> None:
    """Open a page, and let it load all that it wants."""
    answer = await page.goto(path, wait_until="load")
    assert answer is not None
    assert answer.ok, f"{path} answers {answer.status}"
    assert "content-security-policy" in answer.headers, path


async def test_every_page_of_ours_opens_without_a_violation(
    live: Live, cast: Cast, named: dict[str, Any], chromium: Browser
) -> None:
    opened_names = set()
    for role in ("anonymous", "ada", "admin"):
        page, found = await opened(chromium, live, getattr(cast, role, None))
        for name, path in every_page.of(role, named):
            await visit(page, path)
            opened_names.add(name)
        assert found == []
    assert set(table(PAGES, words=1)) - every_page.NO_PAGES - opened_names == {"logout", "attention"}


async def test_a_row_that_comes_live_and_a_film_that_plays_break_no_policy(
    live: Live, cast: Cast, named: dict[str, Any], chromium: Browser
) -> None:
    grace, of_grace = await opened(chromium, live, cast.grace)
    await grace.goto("/dashboard/students/")
    await until_state(browser.Window(grace), "live")
    ada, of_ada = await opened(chromium, live, cast.ada)
    await ada.goto(f"/courses/algorithms/{named['lesson']}/")
    await ada.evaluate(browser.PLAY)
    await browser.shown(browser.Window(grace), "progress_update")
    assert await ada.evaluate("document.fullscreenEnabled && document.pictureInPictureEnabled")
    await grace.goto("/dashboard/students/")
    assert not await grace.evaluate("document.fullscreenEnabled")
    assert of_grace == of_ada == []


async def test_the_admin_site_opens_without_a_violation(
    live: Live, cast: Cast, named: dict[str, Any], chromium: Browser
) -> None:
    page, found = await opened(chromium, live, cast.admin)
    for path in ("/admin/", "/admin/progress/", "/admin/progress/user/import/", "/admin/password_change/"):
        await visit(page, path)
    for model, its in admin.site._registry.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        await visit(page, reverse(f"admin:{name}_changelist"))
        if name in ("progress_user", "progress_course", "progress_lesson", "progress_enrollment"):
            await visit(page, reverse(f"admin:{name}_add"))
            row = await sync_to_async(its.model.objects.first)()
            await visit(page, reverse(f"admin:{name}_change", args=[row.pk]))
            await visit(page, reverse(f"admin:{name}_delete", args=[row.pk]))
    assert found == []


async def test_the_page_of_the_api_opens_and_calls_without_a_violation_and_asks_nobody_else(
    live: Live, cast: Cast, chromium: Browser
) -> None:
    page, found = await opened(chromium, live, cast.ada)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await visit(page, "/api/docs")
    await page.locator("#operations-progress-progress_api_courses .opblock-summary").click()
    await page.get_by_role("button", name="Try it out").click()
    await page.get_by_role("button", name="Execute").click()
    await page.locator(".live-responses-table .response").get_by_text("200").first.wait_for()
    assert [url for url in asked if not url.startswith((f"http://{live.site.address()}/", "data:"))] == []
    assert found == []


async def test_what_breaks_the_policy_is_seen_and_does_nothing(live: Live, cast: Cast, chromium: Browser) -> None:
    page, found = await opened(chromium, live, cast.ada)
    await page.goto("/")
    for attack, seen in (
        ("document.body.innerHTML = '<p>markup</p>'", "require-trusted-types-for"),
        ("trustedTypes.createPolicy('any', {})", "trusted-types"),
        ("document.body.setAttribute('style', 'color: red')", "style-src-attr"),
        ("document.body.setAttribute('onclick', 'window.attacked = 1'); document.body.click()", "Element onclick"),
        ("fetch('http://localhost:1/').catch(() => 0)", "connect-src"),
        ("new Image().src = 'http://localhost:1/'", "img-src"),
    ):
        await page.evaluate(f"() => {{ try {{ {attack} }} catch {{ return }} }}")
        await until(lambda seen=seen: [said for said in found if seen in said], what=f"{seen} in {found}")
    assert await page.evaluate("window.attacked") is None
