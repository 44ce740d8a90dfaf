"""Redis fails in every way it can: students notice nothing (law 6), viewers miss nothing and see nothing twice (4, 5).

Two web processes and a worker, on a Valkey of their own. Students send ticks all the while; an administrator on one
process, an instructor on the other, and a student follow as the browser's scripts do.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import redis

from progress.models import Outbox
from project.embedded import Valkey
from tests.cast import Cast
from tests.faults import Class, class_at_work, stopped, valkey_of_its_own
from tests.live import Live, Site, until

HANGS_SECONDS = 10.0


@pytest.fixture(scope="module")
def running(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Valkey]]:
    folder = tmp_path_factory.mktemp("faults")
    with (
        site.without_worker(),
        valkey_of_its_own(folder / "valkey") as valkey,
        Site(folder, redis_url=valkey.url) as own,
    ):
        yield own, valkey


@pytest.fixture
def valkey(running: tuple[Site, Valkey]) -> Iterator[Valkey]:
    """The Redis of this site; left running, and without a save."""
    valkey = running[1]
    yield valkey
    if not valkey.running:
        valkey.start()
        valkey.wait_ready()
    saved_as(valkey).unlink(missing_ok=True)


@pytest_asyncio.fixture
async def at_work(
    transactional_db: None, cast: Cast, running: tuple[Site, Valkey], valkey: Valkey, loop_services: None
) -> AsyncIterator[Class]:
    site = running[0]
    async with Live(site) as live, class_at_work(live, cast) as at_work:
        yield at_work
    if await Outbox.objects.filter(live_done_at=None).aexists():
        # It failed. A sweep holds what is left there, and waits for tables that are being emptied, which wait for it.
        await asyncio.to_thread(site.end, "worker", signal.SIGKILL)
        site.start("worker")


def saved_as(valkey: Valkey) -> Path:
    return valkey.data / "dump.rdb"


def asking(valkey: Valkey) -> redis.Redis:
    return redis.Redis.from_url(valkey.url)


async def come_back(valkey: Valkey) -> float:
    """Start Redis again, and return when it answered."""
    valkey.start()  # from the main thread: it ends with the thread that started it
    await asyncio.to_thread(valkey.wait_ready)
    return time.monotonic()


async def goes_on(at_work: Class, since: float) -> None:
    """Everybody gets acks, completes a lesson, and what they did waits in the outbox."""
    await at_work.until_all_complete_a_lesson(since)
    assert await Outbox.objects.filter(live_done_at=None, kind="lesson_completed").aexists()


def gaps_filled(site: Site) -> list[int]:
    return [site.log(f"web{index}").count("A gap was filled") for index in range(len(site.ports))]


@pytest.mark.parametrize("comes_back", ["empty", "with an older save"])
async def test_redis_is_killed_and_comes_back_without_what_it_had(
    at_work: Class, valkey: Valkey, cast: Cast, comes_back: str
) -> None:
    if comes_back == "with an older save":
        with asking(valkey) as client:
            client.save()
        await at_work.until_all_complete_a_lesson(time.monotonic())
    assert saved_as(valkey).exists() == (comes_back == "with an older save")
    killed = time.monotonic()
    await asyncio.to_thread(valkey.kill)
    await at_work.comes_while_redis_is_away(cast.admin, web=1)
    await goes_on(at_work, killed)
    await at_work.until_live_again(await come_back(valkey))
    await at_work.comes_to_rest()
    at_work.was_acked_in_time(since=killed)
    assert all(set(viewer.resets) == {"history_lost"} for viewer in at_work.viewers)


async def test_redis_is_flushed(at_work: Class, valkey: Valkey) -> None:
    flushed = time.monotonic()
    with asking(valkey) as client:
        client.flushall()
    await at_work.until_live_again(flushed)
    await at_work.until_all_complete_a_lesson(flushed)
    await at_work.comes_to_rest()
    at_work.was_acked_in_time(since=flushed)
    assert all(set(viewer.resets) == {"history_lost"} for viewer in at_work.viewers)


async def test_redis_ends_the_connections_that_listen_until_something_was_lost(at_work: Class, valkey: Valkey) -> None:
    began, before = time.monotonic(), gaps_filled(at_work.live.site)

    def both_lost_something() -> bool:
        client.client_kill_filter(_type="pubsub")
        return all(now > then for now, then in zip(gaps_filled(at_work.live.site), before, strict=True))

    with asking(valkey) as client:
        await until(both_lost_something)
    await at_work.until_live_again(time.monotonic())
    await at_work.until_all_complete_a_lesson(began)
    await at_work.comes_to_rest()
    at_work.was_acked_in_time(since=began)
    assert all(viewer.resets == [] for viewer in at_work.viewers)  # the histories have it all


async def test_redis_hangs_for_ten_seconds(at_work: Class, valkey: Valkey, cast: Cast) -> None:
    began = time.monotonic()
    with stopped(valkey.pid):
        await goes_on(at_work, began)
        await at_work.comes_while_redis_is_away(cast.admin, web=1)
        await until(lambda: time.monotonic() > began + HANGS_SECONDS - 2)
        await goes_on(at_work, time.monotonic())
        await until(lambda: time.monotonic() > began + HANGS_SECONDS)
    await at_work.until_live_again(time.monotonic())
    await at_work.comes_to_rest()
    at_work.was_acked_in_time(since=began)
    assert all(viewer.resets == [] for viewer in at_work.viewers)  # the histories have it all
