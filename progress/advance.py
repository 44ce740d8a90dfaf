"""What a tick does to a progress row: the rules, pure. No socket, no signal, no database.

The rules (design of "What counts" in docs/protocol.md):
- Percentage and completion only rise; `completed_at` is set once; the position is free (law 2).
- Played seconds are paid from the row's budget, which fills with the server's clock; what outruns it is kept as
  evidence and does not count.
- A tick whose player and id are known changes nothing (law 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor

from django.utils.translation import gettext_noop
from msgspec import Struct
from msgspec.structs import replace

from progress import coverage
from progress.coverage import Segment
from progress.gate import Asked, missing
from progress.percent import cut
from progress.ticks import Tick

FIRST_BUDGET_SECONDS = 3.0
"""What a new row may have played before its clock started: the page was open before its first word reached us."""

LARGEST_BUDGET_SECONDS = 86_400.0
KNOWN_PLAYERS = 8
MOST_SEGMENTS = 1000
# Kept with the row, and translated where it is shown.
OUTRAN_THE_CLOCK = gettext_noop("More was reported as played than time had passed.")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the school has chosen."""

    max_rate: float
    accept_claims: bool
    minimum: float
    step: float


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a rule needs to know of the lesson: its length in seconds, how much must be watched, in percent, and
    whether the student has yet to pass a required quiz."""

    duration: float
    threshold: float
    quiz_pending: bool = False


class Row(Struct, frozen=True):
    """A UserProgress row's moving and frozen columns.

    A msgspec struct, since every tick copies it, and it is read and written as JSON (progress.rows).
    """

    status: str = "not_started"
    started_at: datetime | None = None
    completed_at: datetime | None = None
    completed_percentage: float | None = None
    completed_claimed: bool | None = None
    percentage: float = 0.0
    position: float = 0.0
    threshold: float = 90.0
    last_accessed: datetime | None = None
    segments: list[Segment] = []
    unpaid_segments: list[Segment] = []
    suspicious: str = ""
    claimed_percentage: float = 0.0
    budget_seconds: float = FIRST_BUDGET_SECONDS
    budget_at: datetime | None = None
    players: list[tuple[str, int]] = []
    announced_at: datetime | None = None
    announced_percentage: float | None = None
    announced_claimed: bool | None = None
    announced_status: str | None = None

    @property
    def completed(self) -> bool:
        """Whether the lesson is completed, which never ends."""
        return self.completed_at is not None

    def covered(self, lesson: Lesson) -> float:
        """The share of the lesson's seconds that were really played, in percent."""
        return coverage.percentage(self.segments, duration=lesson.duration)

    def claimed(self, lesson: Lesson) -> bool:
        """Whether the percentage is only claimed, more than was seen to be played."""
        return self.claimed_percentage >= self.percentage and self.claimed_percentage > self.covered(lesson)

    def knows(self, tick: Tick) -> bool:
        """Whether this tick, or a later one of its player, was stored already."""
        return tick.id is not None and any(name == tick.player and tick.id <= last for name, last in self.players)


class Transition(Struct, frozen=True):
    """The row after a tick, and what of it anybody else may care about."""

    row: Row
    announced: bool = False
    completed: bool = False
    paid: tuple[Segment, ...] = ()
    """What this tick played and the budget paid, in the order of playing, seconds played again among it."""


def advance(row: Row, tick: Tick, *, lesson: Lesson, rules: Rules, now: datetime) -> Transition:
    """Return what `tick` makes of `row` at `now`, the database's clock."""
    if row.knows(tick):
        return Transition(row)
    played, paid = _play(row, tick, lesson, _filled(row, rules, now))
    claim = _claim(played, tick, rules)
    watched = replace(
        _follow(played, lesson),
        budget_at=now,
        claimed_percentage=max(played.claimed_percentage, claim),
        percentage=max(row.percentage, played.covered(lesson), claim),
        position=min(tick.position, lesson.duration),
        last_accessed=now,
        players=_remember(row.players, tick),
    )
    return _tell(_begin(watched, now), lesson, rules, now, paid=tuple(paid))


def complete(row: Row, *, lesson: Lesson, rules: Rules, now: datetime, asked: Asked = Asked.BY_STUDENT) -> Transition:
    """Return the row completed by hand, where the gate lets it pass; the percentage stays what was watched.

    `row.completed` says whether it passed.
    """
    touched = replace(row, last_accessed=now) if asked is Asked.BY_STUDENT else row
    return _tell(_follow(touched, lesson), lesson, rules, now, asked)


def reconsider(row: Row, *, lesson: Lesson, rules: Rules, now: datetime) -> Transition:
    """Return the row after something else than watching changed.

    A quiz passed completes what is already watched; so does a lesson that wants less now, or is shorter.
    """
    share = max(row.percentage, row.covered(lesson))
    seen = row if share == row.percentage else replace(row, percentage=share)
    return _tell(_follow(seen, lesson), lesson, rules, now)


def _follow(row: Row, lesson: Lesson) -> Row:
    """The threshold is the lesson's own for as long as the row is not completed."""
    return row if row.completed or row.threshold == lesson.threshold else replace(row, threshold=lesson.threshold)


def _filled(row: Row, rules: Rules, now: datetime) -> float:
    # A clock that steps back gives nothing and takes nothing.
    passed = max(0.0, (now - row.budget_at).total_seconds()) if row.budget_at else 0.0
    return min(LARGEST_BUDGET_SECONDS, row.budget_seconds + passed * rules.max_rate)


def _play(row: Row, tick: Tick, lesson: Lesson, budget: float) -> tuple[Row, list[Segment]]:
    if not tick.segments:
        return replace(row, budget_seconds=budget), []
    paid, unpaid = [], []
    for start, end in coverage.clamp(tick.segments, duration=lesson.duration):
        payable = end if end - start <= budget + 1e-6 else start + budget
        budget = max(0.0, budget - (payable - start))
        if payable > start:
            paid.append((start, payable))
        if end > payable:
            unpaid.append((payable, end))
    played = replace(
        row,
        budget_seconds=budget,
        segments=coverage.bounded(coverage.union([*row.segments, *paid]), most=MOST_SEGMENTS),
        unpaid_segments=coverage.bounded(coverage.union([*row.unpaid_segments, *unpaid]), most=MOST_SEGMENTS)
        if unpaid
        else row.unpaid_segments,
        suspicious=row.suspicious or (OUTRAN_THE_CLOCK if unpaid else ""),
    )
    return played, paid


def _claim(row: Row, tick: Tick, rules: Rules) -> float:
    bare = tick.segments is None and not row.segments
    return cut(tick.percentage) if bare and rules.accept_claims else 0.0


def _remember(players: list[tuple[str, int]], tick: Tick) -> list[tuple[str, int]]:
    # Without a player's name an id says nothing: the next page load counts from one again, and would look known.
    if tick.id is None or tick.player is None:
        return players
    return [(tick.player, tick.id), *(known for known in players if known[0] != tick.player)][:KNOWN_PLAYERS]


def _begin(row: Row, now: datetime) -> Row:
    if row.percentage > 0 and row.status == "not_started":
        return replace(row, status="in_progress", started_at=now)
    return row


def _tell(
    row: Row,
    lesson: Lesson,
    rules: Rules,
    now: datetime,
    asked: Asked = Asked.BY_WATCHING,
    paid: tuple[Segment, ...] = (),
) -> Transition:
    wants = missing(percentage=row.percentage, threshold=row.threshold, quiz_pending=lesson.quiz_pending, asked=asked)
    newly = not wants and not row.completed
    if newly:
        row = replace(
            row,
            status="completed",
            started_at=row.started_at or now,
            completed_at=now,
            completed_percentage=row.percentage,
            completed_claimed=row.claimed(lesson),
        )
    if not newly and not _reached_a_step(row, rules):
        return Transition(row, paid=paid)
    # It never runs backwards, whatever the clock does: the feed orders by it.
    stamp = now if row.announced_at is None else max(now, row.announced_at + timedelta(microseconds=1))
    announced = replace(
        row,
        announced_at=stamp,
        announced_percentage=row.percentage,
        announced_claimed=row.claimed(lesson),
        announced_status=row.status,
    )
    return Transition(announced, announced=True, completed=newly, paid=paid)


def _reached_a_step(row: Row, rules: Rules) -> bool:
    # Steps lie on the grid minimum, minimum + step, …: 50, 55, 60.
    if row.percentage < rules.minimum:
        return False
    before = row.announced_percentage
    if before is None or before < rules.minimum:
        return True
    return _steps(row.percentage, rules) > _steps(before, rules)


def _steps(percentage: float, rules: Rules) -> int:
    return floor((percentage - rules.minimum) / rules.step + 1e-6)
