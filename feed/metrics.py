"""The figures of entries and snapshots that operators watch (docs/operations.md, "Metrics")."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram

from progress.metrics import SECONDS

entries_published: Final = Counter(
    "live_entries_published_total",
    "Entries that were appended to the histories, once each however many groups.",
    ["type"],
)
withdrawals_published: Final = Counter(
    "live_withdrawals_published_total", "Withdrawals that were appended to the histories."
)
snapshot: Final = Histogram(
    "live_snapshot_seconds", "How long the aggregated query of a page load or an older page took.", buckets=SECONDS
)
