"""What must hold at rest, beside what tests.faults asks: histories without a hole, and nothing left over."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.chaos.scenario import Case, Scenario
from tests.chaos.world import World, until_all_report
from tests.live import until

CALM_WITHIN = 30.0
"""Seconds after the last client left until nothing of it is left: reports come every two, and a killed process's
connections go when the server notices."""

SPARE_TASKS = 4
"""Tasks that come and go by themselves: a sweep, a check, a job that is asked for."""

CONNECTIONS_A_PROCESS = 25
"""A process's two pools hold so many connections at most (project/settings.py, progress/database.py), and a few come
and go beside them."""


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


def histories_have_no_hole(world: World) -> int:
    """See that every history's offsets follow each other up to the group's own; return how many items there are."""
    items = 0
    with world.asking() as client:
        for key in client.scan_iter(f"{world.prefix}:history:*"):
            group = key.removeprefix(f"{world.prefix}:history:")
            offsets = [int(id.partition("-")[0]) for id, _ in client.xrange(key)]
            items += len(offsets)
            last = int(client.hget(f"{world.prefix}:meta:{group}", "offset") or 0)
            assert offsets == list(range(last - len(offsets) + 1, last + 1)), f"{group} has a hole: {offsets}, {last}"
    return items


async def nothing_is_left_over(world: World, before: Rest) -> None:
    """See that every socket, task, subscription and connection of those who have left is gone."""

    def over() -> bool:
        told, now = world.reports(), _held(world)
        return (
            len(told) == len(world.site.processes)
            and not any(any(report["sockets"].values()) for report in told)
            and all(count <= before.tasks[kind] + SPARE_TASKS for kind, count in now.tasks.items())
            and now.groups <= before.groups
            and now.listening <= before.listening
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
    reasons = {reason for viewer in case.at_work.viewers for reason in viewer.resets}
    assert reasons <= ({"history_lost"} if scenario.forgets else set()), f"reset for {reasons}"


def _everybody(case: Case) -> list[Any]:
    return [*case.at_work.students, *case.at_work.viewers, *case.at_work.late]


def counted(case: Case) -> dict[str, int | float]:
    """What this run came to."""
    at_work = case.at_work
    acks = [ack for student in at_work.students for ack in student.acks]
    shown = [len(viewer.shown) for viewer in at_work.viewers]
    return {
        "acked": len(acks),
        "completed": sum(len({ack.lesson_id for ack in each.acks if ack.completed}) for each in at_work.students),
        "longest ack": round(max(ack.seconds for ack in acks), 2),
        "entries": max(shown),
        "frames": sum(len(viewer.frames) for viewer in at_work.viewers),
        "closed": sum(len(each.closes) for each in _everybody(case)),
        "resets": sum(len(viewer.resets) for viewer in at_work.viewers),
        "snapshots": sum(viewer.snapshots for viewer in at_work.viewers),
        **case.counts,
    }
