"""The database away under open sockets: nothing is acked that is not stored, and everybody may come again (law 1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio
from psycopg.conninfo import conninfo_to_dict

from progress.models import UserProgress
from tests.cable import Cable, address_through
from tests.cast import Cast
from tests.live import WITHIN, Live, Site, Viewer, address_of_test_database, until

PATIENCE = 25.0
"""The pools wait 10 s for a connection before they give up; ours and Django's may do so one after the other."""


@pytest_asyncio.fixture
async def cable() -> AsyncIterator[Cable]:
    known = conninfo_to_dict(address_of_test_database())
    async with Cable(str(known["host"]), int(known["port"] or 5432)) as cable:
        yield cable


@pytest_asyncio.fixture
async def cabled(
    transactional_db: None, cast: Cast, loop_services: None, cable: Cable, tmp_path: Path
) -> AsyncIterator[Live]:
    """One web process that reaches the database by the cable."""
    own = Site(tmp_path, webs=1)
    own.environment["DATABASE_URL"] = address_through(cable, address_of_test_database())
    await asyncio.to_thread(own.__enter__)
    try:
        async with Live(own) as live:
            yield live
    finally:
        cable.mend()
        await asyncio.to_thread(own.__exit__)


async def test_nothing_is_acked_while_the_database_is_away_and_everybody_may_come_again(
    cabled: Live, cast: Cast, cable: Cable
) -> None:
    session = await cabled.session(cast.ada)
    viewing = await cabled.session(cast.grace)
    path = f"/ws/lessons/{cast.bernoulli.pk}/progress/"
    async with (
        cabled.feed(cast.grace, session=viewing) as grace,
        cabled.player(cast.ada, cast.bernoulli) as player,
    ):
        await player.watch(to=10)
        cable.cut()
        await player.tell({"type": "progress", "id": 2, "watch_percentage": 60, "timestamp": 60})
        async with cabled.socket(path, cast.ada, session=session) as late:
            await until(lambda: player.closed_with is not None, within=PATIENCE)
            await until(lambda: late.closed_with is not None, within=PATIENCE)
            assert (player.closed_with, late.closed_with) == (1012, 1012)
            assert len(player.of("ack")) == 1
            assert late.of("welcome") == []
        async with httpx.AsyncClient(base_url=f"http://{cabled.site.address()}", timeout=WITHIN) as probe:
            assert (await probe.get("/readyz")).status_code == 503
            assert (await probe.get("/healthz")).status_code == 200
        assert grace.closed_with is None  # nothing of hers needed the database
        assert (await UserProgress.objects.aget()).video_watch_percentage == 10

        cable.mend()
        async with cabled.socket(path, cast.ada, type(player), session=session) as again:
            await again.until("welcome")
            assert (await again.tick(id=2, watch_percentage=60, timestamp=60))["watch_percentage"] == 60
        await grace.until_shown("progress_update")
        async with cabled.socket("/ws/feed/", cast.grace, Viewer, session=viewing) as other:
            assert (await other.subscribe(grace.position))["recovered"]
