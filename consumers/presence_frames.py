"""Presence frames: who is there, whole or only what changed, small however many there are (docs/protocol.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from consumers.wire import Frame
from feed.presence import Seat, Tally
from feed.presence.naming import Names

Key = tuple[int, int]
"""A student and a lesson."""

MOST_ROWS: Final = 1_000
"""Seats that one viewer is shown; the counts are of all. A screen with more is read by nobody."""

MOST_CHANGES: Final = 250
"""Rows in one frame that says what changed, some 20 KiB; what is left over goes with the next one."""


class Row(msgspec.Struct, frozen=True):
    """A seat as viewers get it: what of it a screen shows, and nothing that moves with every tick."""

    user: int
    lesson: int
    course: int
    name: str
    title: str
    name_hidden: bool
    state: str
    since: str
    percentage: int
    watched: str


Rows = Mapping[Key, Row]
_FIELDS = Row.__struct_fields__[2:]


def rows_of(seats: Iterable[Seat], names: Names) -> dict[Key, Row]:
    """The rows of these seats; those of people and lessons that are gone have none."""
    return {
        (seat.user_id, seat.lesson_id): Row(
            seat.user_id,
            seat.lesson_id,
            seat.course_id,
            person.name,
            title,
            person.hidden,
            seat.state,
            f"{seat.since:%Y-%m-%dT%H:%M:%SZ}",
            int(seat.percentage),
            seat.watched,
        )
        for seat in seats
        if (person := names.people.get(seat.user_id)) and (title := names.lessons.get(seat.lesson_id)) is not None
    }


def shown_of(rows: dict[Key, Row]) -> dict[Key, Row]:
    """The rows that viewers are shown: MOST_ROWS, those who are there before those who left."""
    if len(rows) <= MOST_ROWS:
        return rows
    return dict(sorted(rows.items(), key=lambda item: (item[1].state == "gone", item[0]))[:MOST_ROWS])


def take_changes(told: dict[Key, Row], rows: Rows) -> tuple[list[dict[str, Any]], list[Key]]:
    """Bring `told` nearer to `rows`; return what changed, at most MOST_CHANGES, and who left the roster.

    States go first: what is left over for the next second are percentages.
    """
    left = [key for key in told if key not in rows]
    changed = [(key, row) for key, row in rows.items() if told.get(key) != row]
    if len(changed) > MOST_CHANGES:
        changed.sort(key=lambda item: item[0] in told and told[item[0]].state == item[1].state)
    changes = []
    for key, row in changed[:MOST_CHANGES]:
        changes.append(_change(told.get(key), row))
        told[key] = row
    for key in left:
        del told[key]
    return changes, left


def _change(before: Row | None, row: Row) -> dict[str, Any]:
    said: dict[str, Any] = {"user": row.user, "lesson": row.lesson}
    for field in _FIELDS:
        value = getattr(row, field)
        if before is None or getattr(before, field) != value:
            said[field] = value
    return said


def full(told: Rows, counts: Tally) -> Frame:
    """All of it: whoever gets this forgets what was told before."""
    return Frame.of({"type": "presence", "full": True, "seats": list(told.values()), "counts": _counts(counts)})


def delta(changes: list[dict[str, Any]], left: list[Key], counts: Tally) -> Frame:
    """What changed since the frame before."""
    said = {"type": "presence", "full": False, "seats": changes, "left": left, "counts": _counts(counts)}
    return Frame.of(said)


AWAY: Final = Frame(b'{"type":"presence","away":true}')
"""Nobody can tell who is there at the moment; a full frame follows once somebody can."""


def _counts(counts: Tally) -> dict[str, int]:
    return {"watching": counts.watching, "here": counts.here}
