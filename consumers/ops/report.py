"""A report: what one process holds and has done, as plain figures. Every process makes one every two seconds."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec
from django.conf import settings
from prometheus_client import Counter, Gauge, Histogram

from consumers import heartbeat, hub, metrics
from consumers.ops.lately import Lately
from consumers.ops.process import HOST, ID, STARTED_AT, Kind
from feed import metrics as feed_metrics
from feed.history import Mark
from progress import metrics as progress_metrics
from progress import outbox, recorder

PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")

KINDS: Final = ("feed", "progress", "ops")
"""The kinds of sockets."""

_lately: Final = Lately()


class Heard(msgspec.Struct, frozen=True):
    """A group in one process: its sockets there, and how far the process has heard it.

    `missing` is how many items Redis had by the report before and this process has not heard yet; `elsewhere` that it
    stays in an epoch which was not Redis's then and is not now. Both are 0 and false wherever all is well.
    """

    sockets: int
    epoch: str
    offset: int
    missing: int = 0
    elsewhere: bool = False


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a process holds now (sockets, groups, what waits) and has done since it began (`totals` and what follows).

    Times are seconds since 1970 by the process's own clock; sizes are bytes.
    """

    id: str
    kind: Kind
    host: str
    pid: int
    version: str
    started_at: float
    at: float
    draining: bool
    sockets: dict[str, int]
    groups: dict[str, Heard]
    unsent_bytes: int
    viewers_behind: int
    waiting_reports: int
    waiting_references: int
    loop_lag: float
    memory_bytes: int
    totals: dict[str, float]
    recoveries: dict[str, float]
    resets: dict[str, float]
    closes: dict[str, float]
    means: dict[str, float]
    # What a process of an older version does not say.
    draining_seconds: float = 0.0
    unacked_seconds: float = 0.0
    tasks: int = 0
    lately: dict[str, float] = {}


class Seen(msgspec.Struct, frozen=True):
    """Where Redis had the groups at the report before, and where it had them just before this one."""

    before: Mapping[str, Mark] = {}
    now: Mapping[str, Mark] = {}


NOTHING_SEEN: Final = Seen()


def take(
    kind: Kind, *, draining: bool, loop_lag: float, draining_seconds: float = 0.0, seen: Seen = NOTHING_SEEN
) -> Report:
    """Make this process's report, on its event loop."""
    sockets = _sockets()
    return Report(
        id=ID,
        kind=kind,
        host=HOST,
        pid=os.getpid(),
        version=settings.VERSION,
        started_at=STARTED_AT,
        at=time.time(),
        draining=draining,
        sockets=sockets,
        groups=_groups(seen),
        unsent_bytes=sum(each.unsent() for each in heartbeat.open_sockets()),
        viewers_behind=running.behind() if (running := hub.running()) else 0,
        waiting_reports=recorder.waiting(),
        waiting_references=len(outbox.teller().waiting),
        loop_lag=loop_lag,
        memory_bytes=_memory(),
        totals={
            "ticks": _total(progress_metrics.ticks),
            "acks": _total(progress_metrics.acks),
            "entries_published": _total(feed_metrics.entries_published),
            "entries_sent": _total(metrics.entries_sent),
            "frames_sent": _total(metrics.frames_sent),
            "passed_over": _total(metrics.passed_over),
            "gaps": _total(metrics.gaps),
        },
        recoveries=_by_label(metrics.recoveries),
        resets=_by_label(metrics.resets),
        closes=_by_label(metrics.closes),
        means={
            "batch_ticks": _mean(progress_metrics.batch_ticks),
            "commit_seconds": _mean(progress_metrics.commit),
            "tick_to_ack_seconds": _mean(progress_metrics.tick_to_ack),
            "commit_to_publish_seconds": _mean(progress_metrics.commit_to_publish),
            "publish_to_write_seconds": _mean(metrics.publish_to_write),
            "commit_to_write_seconds": _mean(metrics.commit_to_write),
            "commit_to_screen_seconds": _mean(metrics.commit_to_screen),
        },
        draining_seconds=draining_seconds,
        unacked_seconds=recorder.longest_wait(),
        tasks=len(asyncio.all_tasks()),
        lately=_lately.since(_counts(), asyncio.get_running_loop().time()),
    )


def show(report: Report) -> None:
    """Set the gauges of Prometheus to what the report says."""
    for kind in KINDS:
        metrics.sockets.labels(kind).set(report.sockets.get(kind, 0))
    metrics.unsent_bytes.set(report.unsent_bytes)
    metrics.viewers_behind.set(report.viewers_behind)
    metrics.loop_lag.set(report.loop_lag)
    metrics.tasks.set(report.tasks)
    progress_metrics.waiting_reports.set(report.waiting_reports)
    progress_metrics.waiting_references.set(report.waiting_references)


def _sockets() -> dict[str, int]:
    counted = {"feed": 0, "progress": 0}
    for each in heartbeat.open_sockets():
        counted[each.kind] = counted.get(each.kind, 0) + 1
    return counted


def heard_groups() -> list[str]:
    """The groups that this process listens to."""
    found = hub.running()
    return [group for group, stream in found.streams.items() if stream.at is not None] if found else []


def _groups(seen: Seen) -> dict[str, Heard]:
    found = hub.running()
    return {
        group: heard(len(stream.viewers), stream.at, seen.before.get(group), seen.now.get(group))
        for group, stream in (found.streams.items() if found else ())
        if stream.at is not None
    }


def heard(sockets: int, at: Mark, before: Mark | None, now: Mark | None) -> Heard:
    """A group in this process, which is at `at`, where Redis was at these places before that."""
    missing, elsewhere = 0, False
    if before is not None and before.epoch == at.epoch:
        missing = max(0, before.offset - at.offset)
    elif before is not None and now is not None:
        # A process that has just heard of a new epoch is ahead of what was seen before.
        elsewhere = before.epoch == now.epoch != at.epoch
    return Heard(sockets, at.epoch, at.offset, missing, elsewhere)


def _memory() -> int:
    # The second number of statm: pages that are in memory.
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


def _samples(metric: Counter | Gauge | Histogram, ending: str) -> Iterable[tuple[dict[str, str], float]]:
    for family in metric.collect():
        for sample in family.samples:
            if sample.name.endswith(ending):
                yield sample.labels, sample.value


def _total(counter: Counter) -> float:
    return sum(value for _, value in _samples(counter, "_total"))


def _by_label(counter: Counter) -> dict[str, float]:
    return {next(iter(labels.values())): value for labels, value in _samples(counter, "_total")}


def _mean(histogram: Histogram) -> float:
    count = sum(value for _, value in _samples(histogram, "_count"))
    return sum(value for _, value in _samples(histogram, "_sum")) / count if count else 0.0


def _counts() -> dict[str, float]:
    """The counters whose last minute is worth a look."""
    return {
        "ticks": _total(progress_metrics.ticks),
        "acks": _total(progress_metrics.acks),
        "commits": sum(value for _, value in _samples(progress_metrics.commit, "_count")),
        "commit_seconds": sum(value for _, value in _samples(progress_metrics.commit, "_sum")),
        "gaps": _total(metrics.gaps),
        "histories_lost": _by_label(metrics.epochs).get("history_lost", 0.0),
        **{f"limit.{name}": count for name, count in _by_label(progress_metrics.limits_met).items()},
    }
