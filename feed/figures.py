"""Figures of the dashboard: what happened today, against the same weekday last week up to the same time of day.

One statement for all of them, along the indexes of the feed's own sources: each figure counts what the feed shows to
the same viewer under the filters that it links to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models.functions import Now
from django.utils import timezone

from feed import presence, single_flight
from feed.counts import count_of
from feed.entries import CERTIFICATION_ISSUED, EXAM_ATTEMPT, LESSON_COMPLETED, entry_id, timestamp
from feed.presence import Seat
from feed.presence import scope as presence_scope
from feed.sources import SOURCES
from progress.models import User
from progress.preferences import zone_of
from progress.prepared import Prepared, Value, stand_in
from progress.querysets import RecordQuerySet, is_administrator

ACTIVE_WITHIN = timedelta(minutes=5)
"""Whoever did something so long ago is still active."""

SETTLED_AFTER = timedelta(seconds=10)
"""What is older was committed, and so counted, if it ever is: a commit takes less from its timestamp on."""

COUNTED = {"completions": LESSON_COMPLETED, "passes": EXAM_ATTEMPT, "certificates": CERTIFICATION_ISSUED}
"""The figures that count entries, each with their type; of exams those that were passed."""


class Day(NamedTuple):
    """The viewer's day, and as much of the same weekday last week as has passed of today."""

    since: datetime
    until: datetime
    week_ago: datetime
    week_ago_until: datetime


class Compared(NamedTuple):
    """A count of today, and of a week ago up to the same time of day."""

    today: int
    week_ago: int

    @property
    def trend(self) -> str:
        """Whether today has `more`, `fewer`, or the `same`."""
        return "same" if self.today == self.week_ago else "more" if self.today > self.week_ago else "fewer"

    @property
    def difference(self) -> int:
        """By how many."""
        return abs(self.today - self.week_ago)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the dashboard says of today.

    Entries may come live that were counted already: those older than `settled`, and those in `recent`.
    """

    day: Day
    counts: dict[str, Compared]
    active: frozenset[int]
    """Students of whom an entry came within the last five minutes."""

    settled: datetime
    recent: frozenset[str]
    here: frozenset[int] | None = None
    """Students who have a lesson open, None where that cannot be said."""

    watching: int | None = None
    """How many of them play, None where that cannot be said."""

    @property
    def active_count(self) -> int:
        """How many are active: something of them came lately, or they have a lesson open."""
        return len(self.active | (self.here or frozenset()))

    @property
    def quiet(self) -> bool:
        """Whether nothing was counted today."""
        return not any(each.today for each in self.counts.values())

    def as_json(self) -> dict[str, Any]:
        """As the page and the API give them."""
        return {
            "day": self.day.since.date().isoformat(),
            "since": timestamp(self.day.since),
            "until": timestamp(self.day.until),
            "settled": timestamp(self.settled),
            "recent": sorted(self.recent),
            "counts": {name: counted._asdict() for name, counted in self.counts.items()},
            "active": self.active_count,
            "here": None if self.here is None else len(self.here),
            "watching": self.watching,
        }


def day_of(now: datetime, zone: ZoneInfo) -> Day:
    """The day that `now` is in, by the clocks of this zone; they may have been changed since last week."""
    local = now.astimezone(zone)
    week_ago = local.date() - timedelta(days=7)
    return Day(
        datetime.combine(local.date(), time.min, tzinfo=zone),
        datetime.combine(local.date() + timedelta(days=1), time.min, tzinfo=zone),
        datetime.combine(week_ago, time.min, tzinfo=zone),
        datetime.combine(week_ago, local.timetz().replace(tzinfo=None), tzinfo=zone),
    )


def read(viewer: User, seats: list[Seat] | None) -> Figures:
    """The figures of what this viewer may see, as they are now, with whom they see there (`feed.presence.scope`)."""
    return _read(viewer, day_of(timezone.now(), zone_of(viewer)), seats)


def shared(viewer: User) -> Figures:
    """The same, or those that are being read for somebody who sees the same: as old as the moment before the call.

    For pages that are live already and keep what they counted; one that begins would miss what came in between.
    """
    # Everybody who sees all sees the same, in one time zone.
    whose = None if is_administrator(viewer) else viewer.pk
    return single_flight.once(
        ("figures", whose, zone_of(viewer).key), lambda: read(viewer, presence_scope.seen_by(viewer))
    )


def _read(viewer: User, day: Day, seats: list[Seat] | None) -> Figures:
    names, prepared = _prepared(is_administrator(viewer))
    found = dict(zip(names, prepared.rows(viewer, **day._asdict())[0], strict=True))
    return Figures(
        day,
        {name: Compared(found[f"{name}_today"], found[f"{name}_week_ago"]) for name in COUNTED},
        frozenset(student for type in SOURCES for student in found[f"{type}_active"]),
        found["now"] - SETTLED_AFTER,
        frozenset(entry_id(type, pk) for name, type in COUNTED.items() for pk in found[f"{name}_recent"]),
        None if seats is None else frozenset(seat.user_id for seat in seats if seat.state != "gone"),
        None if seats is None else presence.tally(seats).watching,
    )


_COMPARED = {"today": ("since", "until"), "week_ago": ("week_ago", "week_ago_until")}
"""What is counted, each with the fields of Day between which it lies."""


@lru_cache
def _prepared(sees_all: bool) -> tuple[list[str], Prepared]:
    viewer = stand_in(administers=sees_all)
    asked: dict[str, Any] = {"now": Now()}
    for name, type in COUNTED.items():
        rows, at = _rows(type, viewer)
        for when, (since, until) in _COMPARED.items():
            begun = rows.filter(**{f"{at}__gte": Value(since, "timestamptz")})
            asked[f"{name}_{when}"] = count_of(begun.filter(**{f"{at}__lt": Value(until, "timestamptz")}))
        asked[f"{name}_recent"] = ArraySubquery(rows.filter(**{f"{at}__gte": Now() - SETTLED_AFTER}).values("pk"))
    for type in SOURCES:
        rows, at = _rows(type, viewer, passed=False)
        lately = rows.filter(**{f"{at}__gte": Now() - ACTIVE_WITHIN})
        asked[f"{type}_active"] = ArraySubquery(lately.values("user_id").distinct())
    itself = User.objects.filter(pk=viewer.pk)
    return list(asked), Prepared(itself.values_list(*asked.values()))


def _rows(type: str, viewer: User, *, passed: bool = True) -> tuple[RecordQuerySet[Any], str]:
    source = SOURCES[type]
    rows = source.rows().visible_to(viewer)
    return rows.filter(passed=True) if passed and type == EXAM_ATTEMPT else rows, source.at
