"""A report: what one process holds and has done, as plain figures. Every process makes one every two seconds."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

import msgspec
from django.conf import settings
from prometheus_client import Counter, Gauge, Histogram

from consumers import heartbeat, hub, metrics
from feed import metrics as feed_metrics
from progress import metrics as progress_metrics
from progress import outbox, recorder

Kind = Literal["web", "worker"]

HOST: Final = socket.gethostname()
ID: Final = f"{HOST}:{os.getpid()}:{secrets.token_hex(3)}"
"""This process, told apart from one that had its number before."""

STARTED_AT: Final = time.time()
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


class Heard(msgspec.Struct, frozen=True):
    """A group in one process: its sockets there, and how far the process has heard it."""

    sockets: int
    epoch: str
    offset: int


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


def take(kind: Kind, *, draining: bool, loop_lag: float) -> Report:
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
        groups=_groups(),
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
        },
    )


def show(report: Report) -> None:
    """Set the gauges of Prometheus to what the report says."""
    for kind, count in report.sockets.items():
        metrics.sockets.labels(kind).set(count)
    metrics.unsent_bytes.set(report.unsent_bytes)
    metrics.viewers_behind.set(report.viewers_behind)
    metrics.loop_lag.set(report.loop_lag)
    progress_metrics.waiting_reports.set(report.waiting_reports)
    progress_metrics.waiting_references.set(report.waiting_references)


def _sockets() -> dict[str, int]:
    counted = {"feed": 0, "progress": 0}
    for each in heartbeat.open_sockets():
        counted[each.kind] += 1
    return counted


def _groups() -> dict[str, Heard]:
    found = hub.running()
    return {
        group: Heard(len(stream.viewers), stream.at.epoch, stream.at.offset)
        for group, stream in (found.streams.items() if found else ())
        if stream.at is not None
    }


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
