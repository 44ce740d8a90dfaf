"""Groups as operators see them: who listens to which, over all processes, and what Redis keeps of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from consumers.ops.registry import Kept, registry
from consumers.ops.report import Heard, Report
from feed import groups as audiences


class Group(msgspec.Struct, frozen=True):
    """One group: its sockets over all processes and how many processes listen, its epoch and offset in Redis, how many
    items its history has, and how many items the process that is farthest behind has yet to hear.

    `others` counts processes that are still in another epoch.
    """

    group: str
    sockets: int
    processes: int
    epoch: str
    offset: int
    history: int
    lag: int
    others: int


def merged(reports: Sequence[Report], kept: dict[str, Kept]) -> list[Group]:
    """The groups that a process listens to, and `feed.all`; those with most sockets first."""
    return sorted(
        (_group(name, [each.groups[name] for each in reports if name in each.groups], kept[name]) for name in kept),
        key=lambda each: (-each.sockets, each.group),
    )


def _group(name: str, heard: Sequence[Heard], kept: Kept) -> Group:
    here = [each for each in heard if each.epoch == kept.epoch]
    return Group(
        group=name,
        sockets=sum(each.sockets for each in heard),
        processes=len(heard),
        epoch=kept.epoch,
        offset=kept.offset,
        history=kept.items,
        # Reports are older than what Redis says by up to two seconds: on a busy group that is no fault.
        lag=max((kept.offset - each.offset for each in here), default=0),
        others=len(heard) - len(here),
    )


def named(reports: Iterable[Report]) -> list[str]:
    """Every group that a process listens to, and `feed.all`."""
    return sorted({audiences.ALL, *(name for each in reports for name in each.groups)})


async def read() -> list[Group]:
    """The groups now. Raises redis.RedisError where Redis is away."""
    reports = await registry().read()
    return merged(reports, await registry().histories(named(reports)))
