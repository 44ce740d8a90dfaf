"""Our own processes end, as an operator ends them and as the kernel does."""

from __future__ import annotations

import asyncio
import signal
import time
from datetime import timedelta

from django.utils import timezone

from progress.models import Outbox
from tests.chaos.scenario import Case, scenario
from tests.faults import stopped
from tests.live import until

TIMES = 4
LONG_AGO = timedelta(seconds=10)
"""Longer than the sweeper leaves a process the time to tell by itself."""


async def _end(case: Case, name: str, number: int) -> None:
    status = await asyncio.to_thread(case.world.site.end, name, number)
    assert status == (0 if number == signal.SIGTERM else -number), f"{name} ended with status {status}"
    await case.some_time(0, 1)
    await case.world.restart(name)
    case.count("ended")


async def _give_it_work() -> None:
    """Have all that was told so far wait as what a process left that was killed: the worker tells it again."""
    await Outbox.objects.exclude(live_done_at=None).aupdate(live_done_at=None, at=timezone.now() - LONG_AGO)


async def _end_at_work(case: Case, number: int) -> None:
    for _ in range(TIMES):
        await _give_it_work()
        await case.some_time(0.2, 2)
        await _end(case, "worker", number)
    await _give_it_work()
    await until(lambda: _told_by_worker(case), what="entries that the worker tells")
    case.count("told by the last worker", _told_by_worker(case))


def _told_by_worker(case: Case) -> int:
    report = case.world.report_of("worker")
    return int(report["totals"]["entries_published"]) if report else 0


@scenario("web killed", closes=frozenset({1006}), quick=False, to_the_end=True)
async def web_killed(case: Case) -> None:
    """A web process is killed (kill -9) and starts again, four times."""
    for _ in range(TIMES):
        await case.some_time(0.2, 2)
        await _end(case, case.web(), signal.SIGKILL)


@scenario("web ended", closes=frozenset({1012}), quick=False)
async def web_ended(case: Case) -> None:
    """A web process is asked to end (SIGTERM) and starts again, four times."""
    for _ in range(TIMES):
        await case.some_time(0.2, 2)
        await _end(case, case.web(), signal.SIGTERM)


@scenario("worker killed")
async def worker_killed(case: Case) -> None:
    """The worker is killed while it tells again what it takes for untold, and starts again, four times."""
    await _end_at_work(case, signal.SIGKILL)


@scenario("worker ended")
async def worker_ended(case: Case) -> None:
    """The worker is asked to end while it tells again what it takes for untold, and starts again, four times."""
    await _end_at_work(case, signal.SIGTERM)


@scenario("all killed", closes=frozenset({1006}), quick=False)
async def all_killed(case: Case) -> None:
    """Both web processes and the worker are killed at once and start again, twice."""
    for _ in range(2):
        await case.some_time(0.2, 2)
        for name in list(case.world.site.processes):
            await asyncio.to_thread(case.world.site.end, name, signal.SIGKILL)
        for name in ("web0", "web1", "worker"):
            await case.world.restart(name)


@scenario("web killed unpublished", closes=frozenset({1006}), quick=False, by_cable=True)
async def web_killed_unpublished(case: Case) -> None:
    """A web process commits and acks while what it publishes is lost, and is killed: only the outbox knows."""
    site = case.world.site
    began = time.monotonic()
    with stopped(site.processes["worker"].pid):
        case.world.to_redis.silent = True
        await case.at_work.until_all_complete_a_lesson(began)
        untold = [row async for row in Outbox.objects.filter(live_done_at=None)]
        case.count("untold", len(untold))
        assert untold, "all was told"
        await until(lambda: case.world.to_redis.lost, what="what it tried to publish")
        for name in ("web0", "web1"):
            await asyncio.to_thread(site.end, name, signal.SIGKILL)
        case.world.to_redis.mend()
    for name in ("web0", "web1"):
        await case.world.restart(name)
