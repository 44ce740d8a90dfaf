"""Viewers who read slowly, or not at all: they cost nobody anything."""

from __future__ import annotations

import asyncio
import time

from tests.bare_viewer import BareViewer
from tests.cable import Cable
from tests.chaos.scenario import Case, scenario
from tests.entrance import Entrance, Follower
from tests.live import until


@scenario("slow and dead readers", pace=0.05, lessons=200)
async def slow_and_dead(case: Case) -> None:
    """Ten viewers open sockets and never read, ten more vanish without a word; the class is as quick as before."""
    live, admin = case.at_work.live, case.at_work.viewers[0].person
    position = (await live.snapshot(admin))["position"]
    began = time.monotonic()
    dead = [BareViewer(live, admin, position) for _ in range(20)]
    for each in dead:
        await each.__aenter__()
        await case.some_time(0, 0.2)
    for each in dead[10:]:
        await each.__aexit__()
    await case.some_time(4, 6)
    await case.at_work.until_all_complete_a_lesson(time.monotonic())
    case.at_work.was_acked_in_time(since=began)
    for each in dead[:10]:
        await each.__aexit__()
    case.counts["dead"] = len(dead)


@scenario("a viewer far and slow", pace=0.05, lessons=200)
async def far_viewer(case: Case) -> None:
    """A viewer is half a second away, behind 4 KB/s: it is passed over, and has all of it once the line is well."""
    site = case.world.site
    host, port = site.address(0).split(":")
    async with Cable(host, int(port)) as cable, Entrance(site, port=cable.port) as far:
        person = case.at_work.viewers[0].person
        viewer = Follower(far, person, await case.at_work.live.session(person), web=0)
        viewer.load(await far.snapshot(viewer.session, 0))
        following = asyncio.create_task(viewer.follow())
        try:
            await until(lambda: viewer.subscribed, what="a subscription over a cable")
            cable.delay, cable.rate = 0.5, 4_000
            await case.some_time(6, 8)
            cable.mend()
            marker = time.monotonic()
            await case.at_work.until_all_complete_a_lesson(marker)
            ids = set(case.at_work.viewers[0].entries)
            await until(lambda: ids <= viewer.entries.keys(), what="all of it at the slow viewer")
            assert viewer.holes == []
            case.counts["entries at the slow one"] = len(viewer.shown)
        finally:
            following.cancel()
            await asyncio.wait([following])
