"""Our own processes end, as an operator ends them and as the kernel does."""

from __future__ import annotations

import asyncio
import signal
import time

from progress.models import Outbox
from tests.chaos.scenario import Case, scenario
from tests.faults import stopped
from tests.live import until

TIMES = 4


async def _end(case: Case, name: str, number: int) -> None:
    site = case.world.site
    await asyncio.to_thread(site.end, name, number)
    await case.some_time(0, 1)
    await case.world.restart(name)
    case.counts["ended"] += 1


@scenario("web killed", closes=frozenset({1006}))
async def web_killed(case: Case) -> None:
    """A web process is killed (kill -9) and starts again, four times."""
    for _ in range(TIMES):
        await case.some_time(0.2, 2)
        await _end(case, case.web(), signal.SIGKILL)


@scenario("web ended", closes=frozenset({1012}))
async def web_ended(case: Case) -> None:
    """A web process is asked to end (SIGTERM) and starts again, four times."""
    for _ in range(TIMES):
        await case.some_time(0.2, 2)
        await _end(case, case.web(), signal.SIGTERM)


@scenario("worker killed")
async def worker_killed(case: Case) -> None:
    """The worker is killed and starts again, four times."""
    for _ in range(TIMES):
        await case.some_time(0.2, 2)
        await _end(case, "worker", signal.SIGKILL)


@scenario("worker ended")
async def worker_ended(case: Case) -> None:
    """The worker is asked to end and starts again, four times."""
    for _ in range(TIMES):
        await case.some_time(0.2, 2)
        await _end(case, "worker", signal.SIGTERM)


@scenario("all killed", closes=frozenset({1006}))
async def all_killed(case: Case) -> None:
    """Both web processes and the worker are killed at once and start again, twice."""
    for _ in range(2):
        await case.some_time(0.2, 2)
        for name in list(case.world.site.processes):
            await asyncio.to_thread(case.world.site.end, name, signal.SIGKILL)
        for name in ("web0", "web1", "worker"):
            await case.world.restart(name)


@scenario("web killed unpublished", closes=frozenset({1006}), by_cable=True)
async def web_killed_unpublished(case: Case) -> None:
    """A web process commits and acks while what it publishes is lost, and is killed: only the outbox knows."""
    site = case.world.site
    began = time.monotonic()
    with stopped(site.processes["worker"].pid):
        case.world.to_redis.silent = True
        await case.at_work.until_all_complete_a_lesson(began)
        untold = [row async for row in Outbox.objects.filter(live_done_at=None)]
        case.counts["untold"] = len(untold)
        assert untold, "all was told"
        await until(lambda: case.world.to_redis.lost, what="what it tried to publish")
        for name in ("web0", "web1"):
            await asyncio.to_thread(site.end, name, signal.SIGKILL)
        case.world.to_redis.mend()
    for name in ("web0", "web1"):
        await case.world.restart(name)
