"""What was told: entries known by their timestamps, which are stamped under a row's lock and never the same for a row.

Two who count the same number with the same sum of timestamps were told the same entries, each once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

TIMESTAMP = re.compile(rb'"timestamp":"(2[^"]{25}Z)"')
LONGEST = 48


@dataclass(slots=True)
class Told:
    """Entries that somebody was told, or that a history has."""

    count: int = 0
    moments: int = 0

    def add(self, moment: int) -> None:
        """One more."""
        self.count += 1
        self.moments += moment


@lru_cache(maxsize=100_000)  # a hundred sockets get the same ones
def moment(timestamp: bytes) -> int:
    """Return an entry's timestamp in nanoseconds since 1970."""
    return int(datetime.fromisoformat(timestamp.decode()).timestamp() * 1e6) * 1000
