"""Counters that operators watch, one registry a process (docs/operations.md, "Metrics")."""

from __future__ import annotations

from typing import Final, Literal

from prometheus_client import Counter

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
]

limits_met: Final = Counter(
    "live_limits_met_total", "How often somebody was refused for taking more than a limit allows.", ["limit"]
)


def met(limit: Limit) -> None:
    """Count that this limit was met."""
    limits_met.labels(limit).inc()
