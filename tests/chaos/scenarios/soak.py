"""A long quiet time: sockets come and go, pages are loaded, and the processes' memory does not grow."""

from __future__ import annotations

import asyncio
import os
import statistics
import time

from tests.chaos.scenario import Case, scenario
from tests.memory import memory

SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
SETTLED = 0.25
"""The share of that time after which caches and pools are as large as they get."""

STAYS = 2.0
"""Seconds that a visitor stays at most."""

MOST_A_MINUTE = 0.5
"""MiB a minute that the memory of a process may grow by: what is not a leak comes and goes."""


@scenario("soak", to_the_end=True, pace=0.4, lessons=round(SECONDS / 0.4 / 11) + 40)
async def soak(case: Case) -> None:
    """A class at work for long (ten minutes); every second a page is loaded, goes live, and is left again."""
    began, looks = time.monotonic(), []
    admin = case.at_work.viewers[0].person
    live = case.at_work.live
    session = await live.session(admin)
    while (past := time.monotonic() - began) < SECONDS:
        async with live.feed(admin, session=session, web=case.dice.randrange(2)):
            case.count("visits")
            await asyncio.sleep(case.dice.uniform(0, STAYS))
        if past > SECONDS * SETTLED:
            looks.append((past, [memory(process.pid) for process in case.world.site.processes.values()]))
    moments = [moment / 60 for moment, _ in looks]
    for place, name in enumerate(case.world.site.processes):
        held = [each[place] / (1 << 20) for _, each in looks]
        slope = statistics.linear_regression(moments, held).slope
        case.count(f"{name} MiB", statistics.median(held))
        case.count(f"{name} KiB/min", slope * 1024)
        assert slope < MOST_A_MINUTE, f"{name} grows by {slope:.2f} MiB a minute"
