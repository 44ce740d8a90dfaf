"""PostgreSQL fails: nothing is acked that is not stored, and what was not acked is sent again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg

from tests.chaos.scenario import Case, scenario
from tests.faults import stopped

TIMES = 3
AWAY: dict[str, Any] = {"closes": frozenset({1012}), "must_close": False, "quick": False}
"""Where the database is away for long, a student's socket is closed, to come again."""


@contextlib.contextmanager
def all_stopped(pids: Iterable[int]) -> Iterator[None]:
    """Processes that hang meanwhile; one that has ended by itself is none of them."""
    with contextlib.ExitStack() as stack:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                stack.enter_context(stopped(pid))
        yield


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def _restart(case: Case, *, killed: bool) -> None:
    postgres = case.world.servers.postgres
    for _ in range(TIMES):
        await case.some_time(0.5, 2)
        await asyncio.to_thread(postgres.kill if killed else postgres.stop)
        await case.some_time(0, 1)
        postgres.start()
        await asyncio.to_thread(postgres.wait_ready)


@scenario("PostgreSQL restarted", **AWAY)
async def restarted(case: Case) -> None:
    """PostgreSQL restarts as an operator has it restart, three times."""
    await _restart(case, killed=False)


@scenario("PostgreSQL killed", **AWAY, to_the_end=True)
async def killed(case: Case) -> None:
    """PostgreSQL is killed, with all its backends, and recovers, three times."""
    await _restart(case, killed=True)


@scenario("PostgreSQL paused", **AWAY)
async def paused(case: Case) -> None:
    """PostgreSQL's postmaster and all its backends hang for two to six seconds, three times."""
    postgres = case.world.servers.postgres
    for _ in range(TIMES):
        await case.some_time(0.5, 1.5)
        with stopped(postgres.pid), all_stopped(_children(postgres.pid)):  # first who would start another
            case.count("seconds paused", await case.some_time(2, 6))


@scenario("PostgreSQL ends connections", **AWAY)
async def ends_connections(case: Case) -> None:
    """PostgreSQL ends every connection of ours, eight times."""
    for _ in range(8):
        await case.some_time(0.2, 1)
        with psycopg.connect(case.world.servers.postgres.url, autocommit=True) as asking:
            ended = asking.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            ).fetchone()
        case.count("connections ended", ended[0] if ended else 0)
    assert case.counts["connections ended"], "no connection was there to end"


@scenario("PostgreSQL cut off", **AWAY, by_cable=True)
async def cut_off(case: Case) -> None:
    """The cable to PostgreSQL is cut for up to four seconds, four times."""
    for _ in range(4):
        await case.some_time(0.2, 1.5)
        case.world.to_postgres.cut()
        await case.some_time(0.2, 4)
        case.world.to_postgres.mend()
    assert case.world.to_postgres.broken_off, "no connection was there to cut"
    case.count("connections cut", case.world.to_postgres.broken_off)


@scenario("PostgreSQL half open", **AWAY, by_cable=True)
async def half_open(case: Case) -> None:
    """Connections to PostgreSQL stay, and nothing comes through, for up to eight seconds, three times."""
    for _ in range(TIMES):
        await case.some_time(0.2, 1.5)
        case.world.to_postgres.silent = True
        await case.some_time(1, 8)
        case.world.to_postgres.mend()
    assert case.world.to_postgres.lost, "nothing was lost"
    case.count("bytes lost", case.world.to_postgres.lost)


@scenario("PostgreSQL far and slow", **AWAY, by_cable=True)
async def far_and_slow(case: Case) -> None:
    """PostgreSQL is 20 to 100 ms away, behind 200 KB/s a connection."""
    case.world.to_postgres.delay = case.dice.uniform(0.02, 0.1)
    case.world.to_postgres.rate = 200_000
    await case.some_time(8, 10)
    case.world.to_postgres.mend()


@scenario("both cut off", **AWAY, renews=True, refuses=frozenset({503}), by_cable=True)
async def both_cut_off(case: Case) -> None:
    """The cables to PostgreSQL and to Redis are cut by turns and at once, six times."""
    cables = [case.world.to_postgres, case.world.to_redis]
    for _ in range(6):
        await case.some_time(0.2, 1)
        some = case.dice.sample(cables, case.dice.choice((1, 2)))
        for cable in some:
            cable.cut()
        await case.some_time(0.2, 2.5)
        for cable in some:
            cable.mend()
