"""Viewers who read slowly, or not at all: they cost nobody anything."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

from consumers.codes import TOO_SLOW
from tests.bare_viewer import BareViewer
from tests.cable import Cable
from tests.chaos.scenario import Case, scenario
from tests.entrance import Entrance, Follower
from tests.live import until

LONG = "\U0001d4c1" * 180
"""A title of 720 bytes: the kernels hold some megabytes for who does not read, and have to be full."""

FULL_WITHIN = 60.0


def _passed_over(case: Case) -> int:
    return int(sum(report["totals"]["passed_over"] for report in case.world.reports()))


def _closed_for_being_slow(case: Case) -> int:
    return int(sum(report["closes"].get(str(TOO_SLOW), 0) for report in case.world.reports()))


@scenario("dead readers", pace=0.03, lessons=600, title=LONG)
async def dead_readers(case: Case) -> None:
    """Ten viewers open sockets and never read: each is passed over, and closed once nothing moves any more."""
    live, admin = case.at_work.live, case.at_work.viewers[0].person
    position = (await live.snapshot(admin))["position"]
    async with AsyncExitStack() as stack:
        for _ in range(10):
            await stack.enter_async_context(BareViewer(live, admin, position))
        await until(lambda: _passed_over(case) >= 10, within=FULL_WITHIN, what="viewers that are passed over")
        await until(lambda: _closed_for_being_slow(case) >= 10, within=FULL_WITHIN, what="closes of the dead")
    case.count("passed over", _passed_over(case))
    case.count("closed for being slow", _closed_for_being_slow(case))
    await case.at_work.until_all_complete_a_lesson(time.monotonic())


@scenario("a viewer far and slow", pace=0.03, lessons=600, title=LONG)
async def far_viewer(case: Case) -> None:
    """A viewer is a tenth of a second away, behind 20 KB/s: it is passed over, and has all once the line is well."""
    site, admin = case.world.site, case.at_work.viewers[0]
    host, port = site.address(0).split(":")
    async with Cable(host, int(port)) as cable, Entrance(site, port=cable.port) as far:
        viewer = Follower(far, admin.person, await case.at_work.live.session(admin.person), web=0)
        viewer.load(await far.snapshot(viewer.session, 0))
        following = asyncio.create_task(viewer.follow())
        try:
            await until(lambda: viewer.subscribed, what="a subscription over a cable")
            cable.delay, cable.rate = 0.1, 20_000
            await until(lambda: _passed_over(case), within=FULL_WITHIN, what="a viewer that is passed over")
            cable.mend()
            await case.at_work.until_all_complete_a_lesson(time.monotonic())
            ids = set(admin.entries)
            await until(lambda: ids <= viewer.entries.keys(), within=FULL_WITHIN, what="all of it at the slow viewer")
            assert viewer.holes == [], viewer.holes
            case.count("entries at the slow one", len(viewer.shown))
            case.count("passed over", _passed_over(case))
        finally:
            following.cancel()
            await asyncio.wait([following])
