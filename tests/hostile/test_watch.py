"""The corpus and the watcher themselves: what is looked for would be seen."""

from __future__ import annotations

import pytest
from playwright.async_api import Error

from tests import browser
from tests.cast import Cast
from tests.hostile.corpus import CLOBBERING, CORPUS, FOREIGN, HANDLERS, LONGEST, SCRIPTS, STYLES
from tests.hostile.watch import Watched
from tests.live import Live

INTO = "([html, place]) => { document.querySelector(place).innerHTML = html; }"


def test_the_corpus_has_more_than_a_hundred_texts_each_once() -> None:
    assert len(CORPUS) > 120
    assert len(set(CORPUS)) == len(CORPUS)
    assert max(map(len, CORPUS)) == LONGEST


async def test_a_text_that_became_markup_would_be_seen(live: Live, cast: Cast) -> None:
    async with browser.chromium() as chromium:
        watched = await Watched.open(chromium, live, None)
        await watched.page.goto("/admin/login/")  # our own pages would not even parse it
        assert await watched.said() == []
        unseen = []
        for text in (*SCRIPTS, *HANDLERS, *FOREIGN, *STYLES[:4], *CLOBBERING[1:2]):
            await watched.page.evaluate(INTO, [text, "#content"])
            if not await watched.said():
                unseen.append(text)
            await watched.page.evaluate("window.__said.length = 0")
            watched.window.errors.clear()
        # One makes an element of a name that nobody knows, one is a second body, which is left out.
        assert set(unseen) <= {SCRIPTS[7], HANDLERS[5]}
        await watched.page.evaluate(INTO, [HANDLERS[0], "#content"])
        await watched.page.wait_for_function("() => window.__said.length > 0")
        assert any(said.startswith("violation: script-src") for said in await watched.said())

        loose = await Watched.open(chromium, live, cast.admin, bypass_csp=True)
        await loose.page.goto("/")  # where no policy refuses it, it runs
        await loose.page.evaluate(INTO, [HANDLERS[0], "main"])
        await loose.page.wait_for_function("() => window.__said.some((said) => said.startsWith('a script ran'))")

        own = await Watched.open(chromium, live, cast.ada)
        await own.page.goto("/")  # and here no script may write markup at all
        with pytest.raises(Error, match="TrustedHTML"):
            await own.page.evaluate(INTO, [HANDLERS[0], "main"])
        assert any(said.startswith("violation: require-trusted-types-for") for said in await own.said())


async def test_a_layout_that_broke_would_be_seen(live: Live, cast: Cast) -> None:
    async with browser.chromium() as chromium:
        watched = await Watched.open(chromium, live, None, bypass_csp=True)
        await watched.page.goto("/accounts/login/")
        assert await watched.broken() == []
        await watched.page.evaluate(INTO, ["<pre>" + "W" * 200 + "</pre>", "main"])
        assert any("px wide" in broken for broken in await watched.broken())
        await watched.page.evaluate(INTO, ["<p>Sign in \u202e <b>and</b> watch</p>", "main"])
        assert any("turned around" in broken for broken in await watched.broken())
