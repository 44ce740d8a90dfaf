"""Another ASGI server offers no direct writes: everything works all the same, through plain sends."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from asgiref.sync import sync_to_async

from progress import school
from tests.cast import Cast
from tests.live import ROOT, Live, Site, until


class UvicornSite(Site):
    """The site behind uvicorn."""

    def start(self, name: str) -> None:
        """Start uvicorn in place of our own server."""
        if not name.startswith("web"):
            super().start(name)
            return
        port = str(self.ports[int(name[3:])])
        command = [sys.executable, "-m", "uvicorn", "project.asgi:application", "--port", port, "--lifespan", "on"]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)


@pytest_asyncio.fixture
async def elsewhere(transactional_db: None, cast: Cast, loop_services: None, tmp_path: Path) -> AsyncIterator[Live]:
    own = UvicornSite(tmp_path, webs=1)
    await asyncio.to_thread(own.__enter__)
    try:
        async with Live(own) as live:
            yield live
    finally:
        await asyncio.to_thread(own.__exit__)


async def test_under_uvicorn_ticks_are_acked_and_viewers_get_everything_in_order(elsewhere: Live, cast: Cast) -> None:
    async with elsewhere.feed(cast.grace) as grace, elsewhere.feed(cast.admin) as admin:
        async with elsewhere.player(cast.ada, cast.bernoulli) as player:
            for percentage in (50, 55, 60, 95):
                await player.watch(to=percentage)
        for viewer in (grace, admin):
            await viewer.until_shown("lesson_completed")
        snapshot = (await elsewhere.snapshot(cast.grace))["entries"]
        await until(lambda: grace.list() == admin.list() == snapshot)
        offsets = [int(mark.rpartition(".")[2]) for _group, mark in grace.offsets]
        assert offsets == sorted(offsets)
        await sync_to_async(school.set_instructors)(cast.algorithms, [])
        assert await grace.until_closed() == 4403
