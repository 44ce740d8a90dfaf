"""Clocks step, forward and back: order and progress do not depend on them."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg

from tests.chaos.scenario import Case, scenario
from tests.live import until

STEPS = (-3600, -90, -15, 15, 90, 3600)
"""Seconds."""

NEAR = 6.0
"""Seconds by which a clock that was read may seem to differ from what was set: reports are two seconds old."""


async def _steps(case: Case, clocks: Callable[[], list[float]]) -> None:
    """Step, and see that who has a clock of its own has stepped."""
    file = case.world.servers.clock
    for step in [*case.dice.sample(STEPS, 4), 0]:
        file.write_text(f"{step:+d}\n")
        stepped = lambda step=step: all(abs(at - time.time() - step) < NEAR for at in clocks())  # noqa: E731
        await until(stepped, what=f"a step of {step} s")
        case.count("steps")
        await case.some_time(1, 3)


@scenario("clock of the web processes steps", ground="faked web")
async def web_clock(case: Case) -> None:
    """The wall clock of web processes and worker jumps by up to an hour, forward and back, five times."""
    await _steps(case, lambda: [report["at"] for report in case.world.reports()] or [0.0])


@scenario("clock of PostgreSQL steps", ground="faked database")
async def database_clock(case: Case) -> None:
    """The wall clock of PostgreSQL, which stamps every entry, jumps by up to an hour, forward and back, five times."""

    def clocks() -> list[float]:
        with psycopg.connect(case.world.servers.postgres.url) as asking:
            found = asking.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
        return [found[0] if found else 0.0]

    await _steps(case, clocks)
