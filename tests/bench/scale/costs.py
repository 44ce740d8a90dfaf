"""Costs: seconds of a processor for one of what happens, by how many of it happen in a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from tests.bench.scale.school import AT_MOST

US = 1e-6


@dataclass(frozen=True)
class Curve:
    """What one costs at a rate: what comes faster gathers, and each of it costs less.

    `points` are rates and costs that were measured, by rate. Between two of them the processor's share is a straight
    line; below the first the cost is the first's, above the last it is the last's: nothing is cheaper than what was
    measured. Where more of it was seen to take less of a processor, it is counted as taking the same.
    """

    points: Sequence[tuple[float, float]]

    def at(self, rate: float) -> float:
        """The cost of one, where so many happen in a second."""
        slow, less = self._shares[0]
        if rate <= slow:
            return less / slow
        for fast, more in self._shares[1:]:
            if rate <= fast:
                return (less + (rate - slow) / (fast - slow) * (more - less)) / rate
            slow, less = fast, more
        return less / slow

    def planned(self, rate: float) -> float:
        """The cost of one where there is room for a bad minute: as if AT_MOST were all of what comes.

        What gathers leaves more room than a processor's share says: whoever is busy for half of the time with 1,000
        ticks a second is not full with 2,000.
        """
        return self.at(rate / AT_MOST)

    @property
    def least(self) -> float:
        """The smallest cost there is."""
        return min(self.at(rate) for rate, _ in self.points)

    @cached_property
    def _shares(self) -> list[tuple[float, float]]:
        """Rates, and what share of a processor each takes."""
        shares = accumulate((rate * cost for rate, cost in self.points), max)
        return [(rate, share) for (rate, _), share in zip(self.points, shares, strict=True)]


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds of a processor, and bytes; measured on the machine of docs/benchmarks.md."""

    web_tick: Curve
    """By ticks a second of one web process to one PostgreSQL: those gather in its commits."""

    web_entry: Curve
    """By entries a second that one web process hears of courses: each is a message of its own group."""

    web_everybodys: Curve
    """By entries a second of `feed.all`, where those of a commit are one message."""

    web_delivery: Curve
    """By entries a second of one group: those gather in a frame."""

    postgres_tick: Curve
    """As `web_tick`."""

    log_tick: Curve
    """Bytes of PostgreSQL's log, as `web_tick`."""

    redis_tick: Curve
    """By ticks a second of one web process that concern one Redis, with their twelfth of an entry in its groups."""

    redis_everybodys: Curve
    """By entries a second of one web process, where `feed.all` is on a Redis of its own."""

    redis_copy: float
    socket_bytes: float = 27_000
    entry_bytes: float = 400
    span_bytes: float = 109


MEASURED = Costs(
    web_tick=Curve([(200, 1750 * US), (1996, 394 * US), (5944, 139 * US)]),
    web_entry=Curve([(20, 486 * US), (200, 370 * US), (997, 299 * US)]),
    web_everybodys=Curve([(20, 486 * US), (200, 370 * US), (997, 299 * US), (3949, 72 * US)]),
    web_delivery=Curve([(20, 9.7 * US), (199, 4.4 * US), (981, 1.5 * US), (3742, 0.72 * US)]),
    postgres_tick=Curve([(200, 1242 * US), (1996, 187 * US), (5944, 55 * US)]),
    log_tick=Curve([(200, 1222), (1996, 720), (5944, 762)]),
    # At 200 ticks a second it is too little to be told from what Redis does anyway.
    redis_tick=Curve([(1996, 34.2 * US), (5944, 9.2 * US)]),
    redis_everybodys=Curve([(20, 255 * US), (200, 241 * US), (997, 206 * US), (3949, 60 * US)]),
    redis_copy=1.3 * US,
)
"""docs/scale.md."""
