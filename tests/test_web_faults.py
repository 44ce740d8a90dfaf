"""A web process dies between commit and publish: what it had acked is told by the sweeper, to everybody (laws 1, 5).

Its connections to Redis go through a line that the test cuts; the others' do not. So it commits and acks, and whatever
it publishes is lost on the way, as in a crash at that moment.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest_asyncio
from django.conf import settings

from progress.models import Outbox
from tests.cable import Cable, address_through
from tests.cast import Cast
from tests.faults import Class, class_at_work, stopped
from tests.live import Live, Site, until


class OnALine(Site):
    """A site whose first web process reaches Redis over a line."""

    def __init__(self, folder: Path, line: Cable) -> None:
        super().__init__(folder)
        self.line = address_through(line, self.environment["REDIS_URL"])

    def start(self, name: str) -> None:
        """Start a process, with its own address of Redis."""
        direct = self.environment["REDIS_URL"]
        try:
            if name == "web0":
                self.environment["REDIS_URL"] = self.line
            super().start(name)
        finally:
            self.environment["REDIS_URL"] = direct


@pytest_asyncio.fixture
async def line() -> AsyncIterator[Cable]:
    far = urlsplit(settings.REDIS_URL)
    async with Cable(far.hostname or "", far.port or 6379) as line:
        yield line


@pytest_asyncio.fixture
async def at_work(
    transactional_db: None, cast: Cast, site: Site, line: Cable, loop_services: None, tmp_path: Path
) -> AsyncIterator[Class]:
    with site.without_worker():
        own = OnALine(tmp_path, line)
        await asyncio.to_thread(own.__enter__)
        try:
            async with Live(own) as live, class_at_work(live, cast) as at_work:
                yield at_work
        finally:
            await asyncio.to_thread(own.__exit__)


async def test_a_process_killed_between_commit_and_publish_loses_nothing(at_work: Class, line: Cable) -> None:
    site = at_work.live.site
    with stopped(site.processes["worker"].pid):  # else the sweeper might be quicker than the kill
        async with at_work.live.player(at_work.ada, at_work.afterwards, web=0) as player:
            began = time.monotonic()
            line.silent = True
            assert (await player.watch(to=95))["completed"]
            await at_work.until_all_complete_a_lesson(began)
            row = await at_work.row_afterwards()
            untold = Outbox.objects.filter(object_id=row.pk, live_done_at=None)
            assert {reference.kind async for reference in untold} == {"progress_announced", "lesson_completed"}
            await until(lambda: line.lost, what="what it tried to publish")
            await asyncio.to_thread(site.end, "web0", signal.SIGKILL)
            assert not any(f"lesson_completed:{row.pk}" in viewer.shown for viewer in at_work.viewers)
        killed = time.monotonic()
    await at_work.until_all_see("lesson_completed", since=killed)
    await at_work.comes_to_rest()
    at_work.was_acked_in_time(since=began)
    assert any((0, 1006) in student.closes for student in at_work.students)
    for viewer in at_work.viewers:
        assert viewer.resets == []
        assert viewer.closes == ([(0, 1006)] if viewer.prefers == 0 else [])
