"""WEB_CONCURRENCY: several processes on one listening socket, each started again when it dies, all ended together."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from tests.cast import Cast
from tests.live import Live, Site, until


def children(pid: int) -> list[int]:
    """The processes that this one has started and that have not ended."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()]


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest_asyncio.fixture
async def pair(transactional_db: None, cast: Cast, loop_services: None, tmp_path: Path) -> AsyncIterator[Live]:
    """One address with two web processes behind it."""
    own = Site(tmp_path, webs=1)
    own.environment |= {"WEB_CONCURRENCY": "2", "METRICS_TOKEN": "long and secret"}
    await asyncio.to_thread(own.__enter__)
    try:
        async with Live(own) as live:
            yield live
    finally:
        await asyncio.to_thread(own.__exit__)


async def test_both_serve_one_address_and_one_that_is_killed_is_replaced(pair: Live, cast: Cast) -> None:
    parent = pair.site.processes["web0"].pid
    first = await until(lambda: len(found := children(parent)) == 2 and found)
    async with contextlib.AsyncExitStack() as opened:
        viewers = [await opened.enter_async_context(pair.feed(cast.grace)) for _ in range(12)]
        async with pair.player(cast.ada, cast.bernoulli) as player:
            await player.watch(to=60)
        for viewer in viewers:
            await viewer.until_shown("progress_update")

        os.kill(first[0], signal.SIGKILL)
        await until(lambda: [viewer for viewer in viewers if viewer.closed_with is not None])
        await until(lambda: len(children(parent)) == 2 and first[0] not in children(parent))
        async with pair.feed(cast.grace) as again, pair.player(cast.bob, cast.bernoulli) as player:
            await player.watch(to=60)
            await until(lambda: len(again.entries) == 2)
        for viewer in viewers:
            await until(lambda viewer=viewer: viewer.closed_with is not None or len(viewer.entries) == 2)
        lost = [viewer.closed_with for viewer in viewers if viewer.closed_with is not None]
        assert len(lost) < len(viewers), "all of them were on one process"
        assert set(lost) == {1006}, "somebody closed a socket of the process that lives"


async def figures(live: Live) -> dict[str, float]:
    """What /metrics says, by name and label."""
    async with httpx.AsyncClient(headers={"Authorization": "Bearer long and secret"}) as client:
        answer = await client.get(f"http://{live.site.address()}/metrics")
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
    return {" ".join([each.name, *each.labels.values()]): each.value for each in samples}


async def until_figures(live: Live, **expected: float) -> None:
    """Wait until these figures are so, ten times one after the other: whichever process answers."""
    wanted = {name.replace("__", " "): value for name, value in expected.items()}
    async with asyncio.timeout(15):
        while True:
            seen = [await figures(live) for _ in range(10)]
            if all(wanted.items() <= each.items() for each in seen):
                return
            await asyncio.sleep(0.2)


async def test_whichever_is_asked_for_metrics_counts_both_once(pair: Live, cast: Cast) -> None:
    parent = pair.site.processes["web0"].pid
    both = await until(lambda: len(found := children(parent)) == 2 and found)
    async with contextlib.AsyncExitStack() as opened:
        viewers = [await opened.enter_async_context(pair.feed(cast.grace)) for _ in range(12)]
        for person in (cast.ada, cast.bob):
            player = await opened.enter_async_context(pair.player(person, cast.bernoulli))
            await player.watch(to=60)
        for viewer in viewers:
            await until(lambda viewer=viewer: len(viewer.entries) == 2)
        await until_figures(
            pair,
            live_sockets__feed=12,
            live_sockets__progress=2,
            live_ticks_total=2,
            live_acks_total=2,
            live_entries_published_total__progress_update=2,
            live_entries_sent_total=24,
            live_recoveries_total__recovered=12,
            live_outbox_rows=0,
        )
        os.kill(both[0], signal.SIGKILL)
        left = len(viewers) - len(await until(lambda: [each for each in viewers if each.closed_with is not None]))
        await until(lambda: len(children(parent)) == 2 and both[0] not in children(parent))
        await until_figures(pair, live_sockets__feed=left, live_ticks_total=2, live_entries_sent_total=24)


async def test_sigterm_drains_both_and_leaves_none(pair: Live, cast: Cast) -> None:
    parent = pair.site.processes["web0"].pid
    both = await until(lambda: len(found := children(parent)) == 2 and found)
    async with contextlib.AsyncExitStack() as opened:
        viewers = [await opened.enter_async_context(pair.feed(cast.grace)) for _ in range(8)]
        assert await asyncio.to_thread(pair.site.end, "web0") == 0
        assert {await viewer.until_closed() for viewer in viewers} == {1012}
    assert not [pid for pid in both if alive(pid)]
    pair.site.start("web0")
    await asyncio.to_thread(pair.site.wait_ready, 0)
