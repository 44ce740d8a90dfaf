"""Restarts: when a process that died is started again, the later the more often it died."""

import time
from dataclasses import dataclass, field

BACKOFF = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds before a dead process is started again
STEADY = 30.0  # after so many seconds alive, the next death counts as the first


@dataclass
class Restarts:
    """What is remembered of one process that is kept running."""

    since: float = field(default_factory=time.monotonic)
    deaths: int = 0
    due: float | None = None  # when to start it again, while it is dead

    def died(self, *, now: float) -> float:
        """Count a death, and return the seconds until it is due."""
        self.deaths = 1 if now - self.since > STEADY else self.deaths + 1
        delay = BACKOFF[min(self.deaths, len(BACKOFF)) - 1]
        self.due = now + delay
        return delay

    def started(self, *, now: float) -> None:
        """Begin another life."""
        self.since, self.due = now, None
