"""Retention: how much of each part of a lesson its students watched, how often, and where they stopped; pure.

A lesson is cut into at most sixty parts. At each second a certain share of the students has watched it; a part shows
the average over its seconds. Played stretches come gathered by the parts in which they begin and end, since nothing
more is needed: up to a point x, stretches (from, to) hold the sum of x - from where from < x, less the sum of x - to
where to < x.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from progress.strip import clock, number

MOST_PARTS = 60


@dataclass(frozen=True, slots=True)
class Gathered:
    """Stretches that begin in one part and end in one part: how many, and the sums of where they begin and end."""

    first: int
    last: int
    count: int
    starts: float
    ends: float


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a lesson, in seconds: the share of students who watched it (0 to 1), how often each of them played it
    on average, how many stopped in it. `height` and `rise` are those as a chart has them, a hundred units high."""

    start: float
    end: float
    share: float
    plays: float
    stopped: int
    rise_to: float

    @property
    def begins(self) -> str:
        """Where it begins, as players write it."""
        return clock(self.start)

    @property
    def ends(self) -> str:
        """Where it ends."""
        return clock(self.end)

    @property
    def percentage(self) -> float:
        """The share in percent."""
        return 100 * self.share

    @property
    def height(self) -> str:
        """How high its bar of retention is."""
        return number(100 * self.share)

    @property
    def top(self) -> str:
        """Where that bar begins, from above."""
        return number(100 - 100 * self.share)

    @property
    def rise(self) -> str:
        """How high its bar of plays is."""
        return number(100 * self.plays / self.rise_to)

    @property
    def rise_top(self) -> str:
        """Where that bar begins, from above."""
        return number(100 - 100 * self.plays / self.rise_to)


def count_of_parts(duration: float) -> int:
    """How many parts a lesson is cut into: none is shorter than a second, save that of a shorter lesson."""
    return max(1, min(MOST_PARTS, int(duration)))


def seconds_in_parts(gathered: Iterable[Gathered], *, parts: int, duration: float) -> list[float]:
    """Return how many seconds of these stretches lie in each part."""
    begun, ended = [[0.0, 0.0] for _ in range(parts + 1)], [[0.0, 0.0] for _ in range(parts + 1)]
    for each in gathered:
        for sums, place, total in ((begun, each.first, each.starts), (ended, each.last, each.ends)):
            sums[min(place, parts)][0] += each.count
            sums[min(place, parts)][1] += total
    up_to, before = [0.0], [0.0, 0.0, 0.0, 0.0]
    for place in range(parts):
        before = [sofar + more for sofar, more in zip(before, [*begun[place], *ended[place]], strict=True)]
        begins, begin_sum, ends, end_sum = before
        at = (place + 1) * duration / parts
        up_to.append((begins * at - begin_sum) - (ends * at - end_sum))
    return [max(0.0, after - earlier) for earlier, after in pairwise(up_to)]


def cut_up(
    *,
    duration: float,
    students: int,
    watched: Iterable[Gathered],
    played: Iterable[Gathered],
    players: int,
    stopped: Sequence[int],
) -> list[Part]:
    """Return the parts of a lesson that `students` watched: `watched` holds each student's seconds once, `played` those
    of `players` as often as they were played, `stopped` how many stopped in each part."""
    parts = len(stopped)
    length = duration / parts
    once = seconds_in_parts(watched, parts=parts, duration=duration)
    often = [seconds / length / max(1, players) for seconds in seconds_in_parts(played, parts=parts, duration=duration)]
    rise_to = max([1.0, *often])
    return [
        Part(
            start=index * length,
            end=(index + 1) * length,
            share=min(1.0, once[index] / length / max(1, students)),
            plays=often[index],
            stopped=stopped[index],
            rise_to=rise_to,
        )
        for index in range(parts)
    ]
