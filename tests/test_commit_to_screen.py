"""Commit to screen: a page says now and then that a live entry is shown, and operators see how long it took."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from tests import browser
from tests.cast import Cast
from tests.live import Live, Viewer, until


async def samples(live: Live, cast: Cast) -> tuple[float, float]:
    """How many samples web0 has, and their sum in seconds."""
    said = (await (await live.http(cast.olga)).get("/metrics")).text
    found = dict(re.findall(r"^live_commit_to_screen_seconds_(count|sum) (\S+)$", said, re.M))
    return float(found["count"]), float(found["sum"])


async def tell(viewer: Viewer, timestamp: Any) -> None:
    """Say that an entry with this timestamp is shown, and wait until that was read."""
    asked = len(viewer.of("error"))
    await viewer.tell({"type": "shown", "timestamp": timestamp})
    await viewer.tell({"type": "marker"})
    await until(lambda: [each for each in viewer.of("error")[asked:] if each["code"] == "unknown_type"])


async def test_a_live_entry_counts_once_in_a_while_and_a_replayed_one_does_not(live: Live, cast: Cast) -> None:
    before = (await live.snapshot(cast.grace))["position"]
    async with live.player(cast.ada, cast.bernoulli) as player:
        await player.watch(to=55)
        count, total = await samples(live, cast)
        async with live.socket("/ws/feed/", cast.grace, Viewer) as viewer:
            await viewer.subscribe(before)
            replayed = await viewer.until_shown("progress_update")
            await tell(viewer, replayed["timestamp"])
            assert await samples(live, cast) == (count, total)
            await player.watch(to=65)
            await until(lambda: viewer.list()[0]["timestamp"] > replayed["timestamp"])
            await tell(viewer, viewer.list()[0]["timestamp"])
            now, seconds = await samples(live, cast)
            assert now == count + 1
            assert 0 < seconds - total < 10
            await tell(viewer, viewer.list()[0]["timestamp"])
            assert (await samples(live, cast))[0] == count + 1


async def test_what_is_no_timestamp_is_said_and_counts_nothing(live: Live, cast: Cast) -> None:
    before = await samples(live, cast)
    async with live.feed(cast.grace) as viewer:
        for timestamp in (None, 5, "", "soon", "2026-11-22T16:00:00", ["x"], {}):
            await tell(viewer, timestamp)
        codes = [each["code"] for each in viewer.of("error")]
        assert codes.count("invalid_timestamp") == 7
        assert viewer.closed_with is None
    assert await samples(live, cast) == before


async def test_the_page_tells_by_itself(live: Live, cast: Cast) -> None:
    async with browser.chromium() as chromium, live.player(cast.ada, cast.bernoulli) as player:
        window = await browser.window(chromium, live, cast.grace)
        await window.page.add_init_script("Math.random = () => 0")  # a page that tells at once
        await window.page.goto("/dashboard/students/")
        await browser.until_state(window, "live")
        count, total = await samples(live, cast)
        await player.watch(to=55)
        await browser.shown(window, "progress_update")
        async with asyncio.timeout(30):
            while (found := await samples(live, cast))[0] == count:
                await window.page.evaluate("() => new Promise(requestAnimationFrame)")
        assert found[0] == count + 1
        assert 0 < found[1] - total < 10
        assert window.errors == []
