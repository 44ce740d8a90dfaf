"""Lately: what a process has done within the last minute, from counters that only rise.

A rule that asks the counters themselves would go on complaining of what was mended yesterday.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

SECONDS = 60.0
"""Long enough that somebody who looks up from another screen still sees it, short enough to see that it is over."""


class Lately:
    """The counters as they were at each report of the last minute."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, Mapping[str, float]]] = deque()

    def since(self, counts: Mapping[str, float], now: float) -> dict[str, float]:
        """Note the counters as they are; return how much each has risen, leaving out those that have not."""
        self._samples.append((now, dict(counts)))
        while len(self._samples) > 2 and self._samples[1][0] <= now - SECONDS:
            self._samples.popleft()
        before = self._samples[0][1]
        risen = {name: count - before.get(name, 0.0) for name, count in counts.items()}
        return {name: by for name, by in risen.items() if by > 0}
