"""What must hold at rest, beside what tests.faults asks: histories without a hole, and nothing left over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from consumers.hub import KEPT_SECONDS
from tests.chaos.scenario import Case, Scenario
from tests.chaos.world import World, until_all_report
from tests.live import until

CALM_WITHIN = KEPT_SECONDS + 15
"""Seconds after the last client left until nothing of it is left: a hub keeps a group for a while, and reports come
every two seconds."""

ACKED_WITHIN = 5.0
"""Seconds from a tick's first sending to its ack, where the scenario must not be felt by students."""

SPARE_TASKS = 4
"""Tasks that come and go by themselves: a sweep, a check, a job that is asked for."""

CONNECTIONS_A_PROCESS = 28
"""A process's two pools hold so many connections at most (project/settings.py, progress/database.py)."""


@dataclass(frozen=True)
class Rest:
    """What a site holds while nobody is there: tasks of each kind of process, groups, connections that listen."""

    tasks: dict[str, int]
    groups: frozenset[str]
    listening: int


async def at_rest(world: World) -> Rest:
    """What this site holds now, nobody being there, by the second report of each process: the first comes early."""
    first = {report["id"]: report["at"] for report in await until_all_report(world)}
    await until(lambda: all(report["at"] > first.get(report["id"], 0) for report in world.reports()))
    return await asyncio.to_thread(_held, world)


def _held(world: World) -> Rest:
    told = world.reports()
    groups = frozenset(group for report in told for group in report["groups"])
    return Rest(_most_tasks(told), groups, world.listening())


def _most_tasks(told: Iterable[dict[str, Any]]) -> dict[str, int]:
    most: dict[str, int] = {}
    for report in told:
        most[report["kind"]] = max(most.get(report["kind"], 0), report["tasks"])
    return most


Heard = Mapping[tuple[str, str, int], str]
"""The id of an item by its group, epoch and offset."""


def histories_have_no_hole(world: World, heard: Heard) -> int:
    """See that every history's offsets follow each other up to the group's own, and that what viewers heard at each is
    what is kept there; return how many items there are."""
    items = 0
    with world.asking() as client:
        for key in client.scan_iter(f"{world.prefix}:history:*"):
            group = key.removeprefix(f"{world.prefix}:history:")
            kept = {int(id.partition("-")[0]): item for id, item in client.xrange(key)}
            items += len(kept)
            epoch, last = client.hmget(f"{world.prefix}:meta:{group}", "epoch", "offset")
            at = int(last or 0)
            assert list(kept) == list(range(at - len(kept) + 1, at + 1)), f"{group} has a hole: {list(kept)}, {at}"
            for offset, item in kept.items():
                there, here = id_of(item["item"]), heard.get((group, epoch, offset))
                assert here in (None, there), f"{group} has {there} at {offset}, and a viewer heard {here}"
    return items


def id_of(item: str) -> str:
    """The id of the entry that an item brings or takes back."""
    told = json.loads(item)
    return str(told["withdrawn"] if "withdrawn" in told else told["entry"]["id"])


async def nothing_is_left_over(world: World, before: Rest, *, to_the_end: bool) -> None:
    """See that every socket, task, subscription and connection of those who have left is gone.

    Groups without a socket, and their subscriptions, may still be kept by the hubs, unless it is waited `to_the_end`.
    """

    seen = {report["id"]: report["at"] for report in world.reports()}
    webs = len(world.site.ports)

    def over() -> bool:
        told, now = world.reports(), _held(world)
        return (
            len(told) == len(world.site.processes)
            and all(report["at"] != seen.get(report["id"]) for report in told)  # said after everybody had left
            and not any(any(report["sockets"].values()) for report in told)
            and all(count <= before.tasks[kind] + SPARE_TASKS for kind, count in now.tasks.items())
            and (now.groups <= before.groups or not to_the_end)
            and now.listening <= before.listening + webs * len(now.groups - before.groups)
            and not any(group["sockets"] for report in told for group in report["groups"].values())
            and world.connections() <= CONNECTIONS_A_PROCESS * len(world.site.processes)
        )

    try:
        await until(over, within=CALM_WITHIN)
    except AssertionError:
        sockets = [report["sockets"] for report in world.reports()]
        left = f"{_held(world)}, sockets {sockets}, {world.connections()} connections to PostgreSQL"
        raise AssertionError(f"something is left over: {left}; before {before}") from None


def sockets_ended_as_they_may(case: Case, scenario: Scenario) -> None:
    """See that nobody was closed with another code than this scenario's, and that these came where they must."""
    seen = {code for each in _everybody(case) for _, code in each.closes}
    assert seen <= scenario.closes, f"closed with {seen}; only {set(scenario.closes)} may be"
    assert seen or not (scenario.closes and scenario.must_close), "nobody lost a socket: the fault was none"


def pages_began_anew_as_they_may(case: Case, scenario: Scenario) -> None:
    """See that pages were told to begin anew only where Redis lost something."""
    viewers = case.at_work.viewers
    reasons = {reason for viewer in viewers for reason in viewer.resets}
    assert reasons == ({"history_lost"} if scenario.forgets else set()), f"reset for {reasons or 'nothing'}"
    renewed = sum(viewer.snapshots for viewer in viewers)
    assert scenario.forgets or scenario.renews or not renewed, f"{renewed} snapshots, where positions were enough"


def acks_came_as_soon_as_they_must(case: Case, scenario: Scenario) -> None:
    """See that nobody waited for an ack, however often the tick was sent; and that only what may be was refused."""
    waited = max(student.longest_wait for student in case.at_work.students)
    assert not scenario.quick or waited < ACKED_WITHIN, f"somebody waited for {waited:.1f} s for an ack"
    refused = case.at_work.entrance.refused
    assert refused.keys() <= scenario.refuses, f"refused with {dict(refused)}"


def _everybody(case: Case) -> list[Any]:
    return [*case.at_work.students, *case.at_work.viewers, *case.at_work.late]


def counted(case: Case) -> dict[str, int | float]:
    """What this run came to."""
    at_work = case.at_work
    acks = sum(len(student.acks) for student in at_work.students)
    shown = [len(viewer.shown) for viewer in at_work.viewers]
    return {
        "acked": acks,
        "completed": sum(len({ack.lesson_id for ack in each.acks if ack.completed}) for each in at_work.students),
        "longest ack": round(max(student.longest_wait for student in at_work.students), 2),
        "entries": max(shown),
        "frames": sum(len(viewer.frames) for viewer in at_work.viewers),
        "closed": sum(len(each.closes) for each in _everybody(case)),
        "resets": sum(len(viewer.resets) for viewer in at_work.viewers),
        "snapshots": sum(viewer.snapshots for viewer in at_work.viewers),
        **{f"refused with {status}": times for status, times in at_work.entrance.refused.items()},
        **case.counts,
    }
