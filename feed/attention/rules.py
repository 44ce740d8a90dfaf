"""When a student needs somebody: pure rules over what was read. The figures are here, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

STUCK_WINDOW = timedelta(minutes=30)
"""A sitting. What was played again yesterday is revision."""

STUCK_TIMES = 3
"""Once to see it, once more to understand it; with the third time it was not understood."""

STUCK_SECONDS = 5.0
"""Shorter parts come of seeking a little back, as everybody does, and of a player's own steps."""

JOIN_SECONDS = 1.0
"""Between two stretches that a player reports one after the other a blink may be missing; it is no gap."""

IDLE_AFTER = timedelta(minutes=3)
"""A note is written, a door opened in less. Presence says `idle` sooner, which is worth no interruption."""

IDLE_FROM_PERCENT = 5.0
"""Who has watched less has only opened the page."""

QUIZ_FAILS = 2
"""One failed attempt is how many begin; the second says that more of the same may not help."""

QUIZ_RECENT = timedelta(days=7)
"""After a week the student has gone on without it, or has been gone for days, which is said then."""

GONE_AFTER = timedelta(days=3)
"""Longer than a weekend."""

GONE_FORGOTTEN = timedelta(days=60)
"""After two months nobody comes back by being reminded; the list is for those who do."""

BEHIND_CLASS = 5
"""The median of fewer says nothing about anybody."""

BEHIND_LESSONS = 2
"""One lesson is an evening."""

BEHIND_SHARE = 0.5
"""At most half as far as the middle of the class: clearly below, also in courses with many lessons."""

BEHIND_GRACE = timedelta(days=7)
"""Whoever began a week after the others is new, not behind."""


class Play(NamedTuple):
    """Seconds of a lesson that were played once."""

    start: float
    end: float
    at: datetime


class Part(NamedTuple):
    """Seconds of a lesson, each played at least `times` times, first at `since`."""

    start: float
    end: float
    times: int
    since: datetime


def stuck_part(plays: Sequence[Play]) -> Part | None:
    """The part that was played over and over, of plays within STUCK_WINDOW; None where there is none.

    Of several parts the one on which most time was spent. Its core counts, where at least half of it was played more
    often still: who plays ten seconds six times, and around them twenty seconds three times, is stuck in the ten.
    """
    parts = _played_at_least(STUCK_TIMES, plays)
    if not parts:
        return None
    start, end = max(parts, key=lambda part: (_seconds_within(part, plays), -part[0]))
    inside = [Play(max(play.start, start), min(play.end, end), play.at) for play in plays]
    inside = [play for play in inside if play.end > play.start]
    times = STUCK_TIMES
    while deeper := _played_at_least(times + 1, inside):
        core = max(deeper, key=lambda part: part[1] - part[0])
        if core[1] - core[0] < (end - start) / 2:
            break
        times, (start, end) = times + 1, core
    since = min(play.at for play in inside if play.start < end and play.end > start)
    return Part(start, end, times, since)


def is_idle_in_the_middle(*, since: datetime, now: datetime, percentage: float, threshold: float) -> bool:
    """Whether somebody who has been idle since then sits in the middle of a lesson."""
    return now - since >= IDLE_AFTER and IDLE_FROM_PERCENT <= percentage < threshold


def failed_again(newest_first: Iterable[bool]) -> int:
    """How many of the newest attempts failed, given whether each that counts passed; 0 where one passed, or too few
    failed."""
    passed = list(newest_first)
    return len(passed) if len(passed) >= QUIZ_FAILS and not any(passed) else 0


def is_gone(last: datetime, *, now: datetime) -> bool:
    """Whether who was last seen in the middle of a lesson has been gone for days, and not for ever."""
    return GONE_AFTER <= now - last < GONE_FORGOTTEN


def is_behind(done: int, *, median: int, students: int) -> bool:
    """Whether so many completed lessons are clearly below the class's median."""
    return students >= BEHIND_CLASS and median - done >= BEHIND_LESSONS and done <= median * BEHIND_SHARE


def _played_at_least(times: int, plays: Iterable[Play]) -> list[tuple[float, float]]:
    """The parts, long enough to count, of which every second was played so often."""
    edges = sorted([(play.start, 1) for play in plays] + [(play.end, -1) for play in plays])
    depth, begun = 0, 0.0
    parts: list[tuple[float, float]] = []
    for second, at_once in groupby(edges, key=lambda edge: edge[0]):
        before, depth = depth, depth + sum(step for _, step in at_once)
        if before < times <= depth:
            begun = second
        elif depth < times <= before:
            if parts and begun - parts[-1][1] <= JOIN_SECONDS:
                parts[-1] = (parts[-1][0], second)
            else:
                parts.append((begun, second))
    return [part for part in parts if part[1] - part[0] >= STUCK_SECONDS]


def _seconds_within(part: tuple[float, float], plays: Iterable[Play]) -> float:
    return sum(max(0.0, min(play.end, part[1]) - max(play.start, part[0])) for play in plays)
