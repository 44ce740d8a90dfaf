"""Redis fails: students notice nothing, and viewers miss nothing."""

from __future__ import annotations

import asyncio
import time

from tests.chaos.scenario import Case, scenario
from tests.faults import stopped

TIMES = 3


@scenario("Redis killed", forgets=True, to_the_end=True)
async def redis_killed(case: Case) -> None:
    """Redis is killed and comes back with nothing, three times."""
    valkey = case.world.servers.valkey
    for _ in range(TIMES):
        await case.some_time(0.5, 2)
        await asyncio.to_thread(valkey.kill)
        await case.some_time(0, 3)
        valkey.start()
        await asyncio.to_thread(valkey.wait_ready)


@scenario("Redis flushed", forgets=True)
async def redis_flushed(case: Case) -> None:
    """Redis is emptied, five times."""
    for _ in range(5):
        await case.some_time(0.2, 2)
        with case.world.asking() as client:
            client.flushall()


@scenario("Redis paused", renews=True)
async def redis_paused(case: Case) -> None:
    """Redis hangs for two to eight seconds, three times."""
    for _ in range(TIMES):
        await case.some_time(0.5, 1.5)
        with stopped(case.world.servers.valkey.pid):
            case.count("seconds paused", await case.some_time(2, 8))


@scenario("Redis ends listeners", renews=True)
async def redis_ends_listeners(case: Case) -> None:
    """Redis ends every connection that listens, for as long as three seconds, five times."""
    for _ in range(5):
        await case.some_time(0.2, 1)
        over_at = time.monotonic() + case.dice.uniform(0.2, 3)
        with case.world.asking() as client:
            while time.monotonic() < over_at:
                case.count("connections ended", client.client_kill_filter(_type="pubsub"))
                await asyncio.sleep(0.05)
    assert case.counts["connections ended"], "no connection was there to end"


@scenario("Redis cut off", renews=True, by_cable=True)
async def redis_cut_off(case: Case) -> None:
    """The cable to Redis is cut for up to four seconds, four times."""
    for _ in range(4):
        await case.some_time(0.2, 1.5)
        case.world.to_redis.cut()
        await case.some_time(0.2, 4)
        case.world.to_redis.mend()
    assert case.world.to_redis.broken_off, "no connection was there to cut"
    case.count("connections cut", case.world.to_redis.broken_off)


@scenario("Redis half open", renews=True, by_cable=True)
async def redis_half_open(case: Case) -> None:
    """Connections to Redis stay, and nothing comes through, for up to eight seconds, three times."""
    for _ in range(TIMES):
        await case.some_time(0.2, 1.5)
        case.world.to_redis.silent = True
        await case.some_time(1, 8)
        case.world.to_redis.mend()
    assert case.world.to_redis.lost, "nothing was lost"
    case.count("bytes lost", case.world.to_redis.lost)


@scenario("Redis far and slow", renews=True, by_cable=True)
async def redis_far_and_slow(case: Case) -> None:
    """Redis is 50 to 300 ms away, behind 100 KB/s a connection."""
    case.world.to_redis.delay = case.dice.uniform(0.05, 0.3)
    case.world.to_redis.rate = 100_000
    await case.some_time(8, 10)
    case.world.to_redis.mend()
