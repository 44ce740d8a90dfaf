"""Processes and groups, as the registry has them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from consumers.ops import groups
from consumers.ops.groups import Group
from consumers.ops.registry import Told, registry
from consumers.ops.report import Report

SILENT_SECONDS = 3.0
"""A report is due every two seconds. A process that is this late hangs, was killed, or does not reach Redis."""


class Silent(msgspec.Struct, frozen=True):
    """A process that reports no more, and for how many seconds."""

    report: Report
    seconds: float


class ProcessFacts(msgspec.Struct, frozen=True):
    """The processes that report, those that ceased to without an end, and the groups over all of them."""

    reporting: list[Report]
    silent: list[Silent]
    groups: list[Group]


async def read() -> ProcessFacts:
    """Ask the registry. Raises redis.RedisError where Redis is away."""
    told = await registry().look()
    reporting, silent = sorted_out(told)
    alive = [each.report for each in told if each.alive]
    return ProcessFacts(reporting, silent, groups.merged(alive, await registry().histories(groups.named(alive))))


def sorted_out(told: Sequence[Told]) -> tuple[list[Report], list[Silent]]:
    """Those that report, and those that are silent and whose place no other process has taken.

    Who comes after one that was killed, of the same kind on the same machine, takes its place: a supervisor did that.
    What became of that one is another matter: of a process that dies over and over, only the last may be missing.
    """
    there = [each for each in told if not each.ended]
    reporting = [each.report for each in there if each.age < SILENT_SECONDS]
    successors = sorted((each.report for each in told), key=lambda one: one.started_at)
    silent = []
    for each in sorted((each for each in there if each.age >= SILENT_SECONDS), key=lambda each: each.report.at):
        gone = each.report
        heir = next(
            (one for one in successors if (one.kind, one.host) == (gone.kind, gone.host) and one.started_at > gone.at),
            None,
        )
        if heir:
            successors.remove(heir)
        else:
            silent.append(Silent(gone, each.age))
    return reporting, silent
