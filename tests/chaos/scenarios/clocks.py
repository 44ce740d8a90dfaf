"""Clocks step, forward and back: order and progress do not depend on them."""

from __future__ import annotations

from tests.chaos.scenario import Case, scenario

STEPS = (-3600, -90, -5, 5, 90, 3600)
"""Seconds."""


async def _steps(case: Case) -> None:
    clock = case.world.servers.clock
    for step in case.dice.sample(STEPS, 4):
        clock.write_text(f"{step:+d}\n")
        case.counts["steps"] += 1
        await case.some_time(1, 3)
    clock.write_text("+0\n")


@scenario("clock of the web processes steps", ground="faked web")
async def web_clock(case: Case) -> None:
    """The wall clock of web processes and worker jumps by up to an hour, forward and back, four times."""
    await _steps(case)


@scenario("clock of PostgreSQL steps", ground="faked database")
async def database_clock(case: Case) -> None:
    """The wall clock of PostgreSQL, which stamps every entry, jumps by up to an hour, forward and back, four times."""
    await _steps(case)
