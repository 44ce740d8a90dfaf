"""An upgrade as docs/operations.md has it, step by step, behind nginx: nothing is lost, and nobody waits for long."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
import urllib.request
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path

import httpx
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.core.management import call_command

from tests.behind_nginx import Behind
from tests.cast import Cast
from tests.faults import Class, class_at_work
from tests.live import Live, Site, until

OLD, NEW = "1.0", "1.1"
LONGEST_WAIT = 5.0
"""Seconds in which some page load must have been answered, whichever process is under way."""


class Upgraded(Behind):
    """Its processes say which version they are."""

    def wait_ready(self, index: int) -> None:
        """Wait until web process `index` itself is ready, and nginx lets us in."""
        deadline = time.monotonic() + 40
        for address in (self.address_of(index), self.address()):
            while True:
                with (
                    contextlib.suppress(OSError),
                    urllib.request.urlopen(f"http://{address}/readyz", timeout=2) as ready,
                ):
                    if ready.status == 200:
                        break
                assert time.monotonic() < deadline, self.log(f"web{index}")
                time.sleep(0.05)


@pytest_asyncio.fixture
async def at_work(transactional_db: None, cast: Cast, loop_services: None, tmp_path: Path) -> AsyncIterator[Class]:
    own = Upgraded(tmp_path)
    own.environment["VERSION"] = OLD
    await asyncio.to_thread(own.__enter__)
    try:
        async with Live(own) as live, class_at_work(live, cast, pace=0.3) as at_work:
            yield at_work
    finally:
        await asyncio.to_thread(own.__exit__)


async def versions(site: Site) -> dict[str, set[str]]:
    """Which versions of this site run, by kind of process: what `manage.py processes` says."""
    own = {each.pid for each in site.processes.values()}
    said, found = StringIO(), dict[str, set[str]]()
    await sync_to_async(call_command)("processes", "--json", stdout=said)
    for each in json.loads(said.getvalue()):
        if each["pid"] in own:
            found.setdefault(each["kind"], set()).add(each["version"])
    return found


@contextlib.asynccontextmanager
async def somebody_loads_pages(at_work: Class, cast: Cast) -> AsyncIterator[list[float]]:
    """Load the students page again and again; give the moments at which it was there, and no answer but that."""
    loaded: list[float] = []
    browser = await at_work.live.http(cast.grace)

    async def load() -> None:
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = await browser.get("/dashboard/students/")
                assert answer.status_code == 200, answer.status_code
                loaded.append(time.monotonic())
            await asyncio.sleep(0.05)

    loading = asyncio.create_task(load())
    try:
        yield loaded
    finally:
        loading.cancel()
        await asyncio.wait([loading])
        assert loading.cancelled(), loading.exception()


async def test_an_upgrade_behind_nginx_loses_nothing(at_work: Class, cast: Cast) -> None:
    site = at_work.live.site
    await until(lambda: all(viewer.subscribed for viewer in at_work.viewers), what="everybody live")
    async with asyncio.timeout(10):
        while await versions(site) != {"web": {OLD}, "worker": {OLD}}:
            await asyncio.sleep(0.2)
    site.environment["VERSION"] = NEW
    async with somebody_loads_pages(at_work, cast) as loaded:
        for name in ("web0", "web1", "worker"):
            began = time.monotonic()
            assert await asyncio.to_thread(site.end, name) == 0
            site.start(name)
            if name != "worker":
                await asyncio.to_thread(site.wait_ready, int(name[-1]))
                await until(lambda: all(viewer.subscribed for viewer in at_work.viewers), what="everybody live")
            await at_work.until_all_complete_a_lesson(began)
    async with asyncio.timeout(15):
        while await versions(site) != {"web": {NEW}, "worker": {NEW}}:
            await asyncio.sleep(0.2)
    await at_work.comes_to_rest()
    waits = [later - before for before, later in itertools.pairwise(loaded)]
    assert max(waits) < LONGEST_WAIT, f"nobody got a page for {max(waits):.1f} s"
    assert {code for viewer in at_work.viewers for _web, code in viewer.closes} <= {1012}
    assert all(viewer.resets == [] for viewer in at_work.viewers)
