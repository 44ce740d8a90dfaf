"""The figures of recording and telling that operators watch, one registry a process (docs/operations.md, "Metrics").

No label names a student, a course or a lesson: their number has no bound.
"""

from __future__ import annotations

from typing import Final, Literal

from prometheus_client import Counter, Gauge, Histogram

Limit = Literal[
    "sockets_per_person",
    "sockets_per_address",
    "connects_per_second",
    "ticks_per_second",
    "frame_bytes",
    "bad_frames",
    "unsent_bytes",
    "body_bytes",
    "login_attempts",
    "downloads_per_person",
]

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Buckets of a time, from a commit on a quiet machine to the longest that anything is tried."""

limits_met: Final = Counter(
    "live_limits_met_total", "How often somebody was refused for taking more than a limit allows.", ["limit"]
)
ticks: Final = Counter("live_ticks_total", "Reports of progress that were taken to be committed.")
acks: Final = Counter("live_acks_total", "Reports of progress that were committed, each acked after that.")
batch_ticks: Final = Histogram(
    "live_batch_ticks",
    "Reports that one transaction stores.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 300, 400, 500),
)
tick_to_ack: Final = Histogram(
    "live_tick_to_ack_seconds",
    "From a report to its ack, of the report of each batch that waited longest.",
    buckets=SECONDS,
)
commit: Final = Histogram("live_commit_seconds", "How long a transaction of reports took.", buckets=SECONDS)
commit_to_publish: Final = Histogram(
    "live_commit_to_publish_seconds",
    "From a commit until what it announces was published, of the reference of each batch that waited longest.",
    buckets=SECONDS,
)
waiting_reports: Final = Gauge(
    "live_waiting_reports", "Reports that wait for the next commit.", multiprocess_mode="livesum"
)
waiting_references: Final = Gauge(
    "live_waiting_references", "References that this process has yet to publish.", multiprocess_mode="livesum"
)


def met(limit: Limit) -> None:
    """Count that this limit was met."""
    limits_met.labels(limit).inc()
