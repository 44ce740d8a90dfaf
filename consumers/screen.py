"""Commit to screen: pages say now and then when an entry was shown, and operators see how long that took."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, Final

from consumers import metrics
from progress.refusals import BadValue

APART_SECONDS: Final = 10.0
"""A page of ours tells no sooner than after 30 s; of one that tells more often, this many seconds lie between two."""


class Samples:
    """What one viewer's page tells. Only entries that came live count: a replay was late before it was asked for."""

    __slots__ = ("_since",)

    def __init__(self) -> None:
        self._since = time.time()

    def tell(self, frame: dict[str, Any]) -> None:
        """Note that an entry with this timestamp is on the screen; raises BadValue (`invalid_timestamp`).

        The way back of the frame is in the figure, and the clock is compared with the database's. A page may lie, but
        not say more than how long it has been here.
        """
        stamped = _moment(frame.get("timestamp"))
        now = time.time()
        if stamped <= self._since:
            return
        metrics.commit_to_screen.observe(max(0.0, now - stamped))
        self._since = now + APART_SECONDS


def _moment(value: object) -> float:
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
        if moment.tzinfo is not None:
            return moment.timestamp()
    except (ValueError, OverflowError):
        pass
    raise BadValue("invalid_timestamp", "timestamp must be that of an entry, such as 2026-11-22T16:00:00.123456Z.")
