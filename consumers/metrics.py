"""The figures of sockets and delivery that operators watch (docs/operations.md, "Metrics")."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final

import msgspec
from prometheus_client import Counter, Gauge, Histogram

from consumers.frames import Item
from consumers.wire import Run
from progress.metrics import SECONDS

sockets: Final = Gauge("live_sockets", "Sockets that are open.", ["kind"], multiprocess_mode="livesum")
unsent_bytes: Final = Gauge(
    "live_unsent_bytes", "Bytes written to sockets that the system has not taken yet.", multiprocess_mode="livesum"
)
viewers_behind: Final = Gauge(
    "live_viewers_behind", "Viewers that are passed over until they have read.", multiprocess_mode="livesum"
)
loop_lag: Final = Gauge(
    "live_loop_lag_seconds",
    "The longest that the event loop was late within the last report.",
    multiprocess_mode="livemax",
)
tasks: Final = Gauge("live_tasks", "Tasks of the event loop.", multiprocess_mode="livesum")
frames_sent: Final = Counter("live_frames_sent_total", "Frames of entries that were written to viewers.")
entries_sent: Final = Counter("live_entries_sent_total", "Entries and withdrawals in these frames.")
recoveries: Final = Counter("live_recoveries_total", "Subscriptions with a position, by their outcome.", ["outcome"])
resets: Final = Counter("live_resets_total", "Viewers who were told to take a new snapshot.", ["reason"])
closes: Final = Counter("live_closes_total", "Sockets that the server closed.", ["code"])
passed_over: Final = Counter("live_passed_over_total", "How often a viewer was too full to be given anything.")
gaps: Final = Counter("live_gaps_total", "Gaps in what the channel layer delivered, by what came of them.", ["outcome"])
epochs: Final = Counter(
    "live_epochs_total", "New epochs of groups that this process listens to, by why they began.", ["reason"]
)
commit_to_write: Final = Histogram(
    "live_commit_to_write_seconds",
    "From the moment that an entry's record bears to its frame's being written, of the newest entry of each pass.",
    buckets=SECONDS,
)
commit_to_screen: Final = Histogram(
    "live_commit_to_screen_seconds",
    "From the moment that an entry's record bears until a page says that it is on the screen, as far as pages tell.",
    buckets=SECONDS,
)
publish_to_write: Final = Histogram(
    "live_publish_to_write_seconds",
    "From the publication of a pass's newest entry to its frame's being written to the last viewer.",
    buckets=SECONDS,
)


def sent(run: Run, viewers: int) -> None:
    """Count that this run was written to so many viewers."""
    frames_sent.inc(viewers * len(run.frames))
    entries_sent.inc(viewers * run.entries)


class _Stamped(msgspec.Struct):
    timestamp: datetime


def written(newest: Item, *, published_at: float) -> None:
    """Note how old the newest item of a pass was when it was written, and how long ago it was published (0: not known).

    This process's clock is compared with those of the database and of Redis.
    """
    if published_at:
        publish_to_write.observe(max(0.0, time.time() - published_at))
    try:
        stamped = msgspec.json.decode(newest.entry, type=_Stamped)
    except msgspec.MsgspecError:  # a withdrawal, or not of our making: no figure is worth a pass
        return
    commit_to_write.observe(max(0.0, time.time() - stamped.timestamp.timestamp()))
