"""The rules of presence, pure: what a report makes of a seat, and several reports of the same student one seat."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from progress.coverage import Segment

State = Literal["playing", "paused", "idle", "gone"]
Said = Literal["playing", "paused"]

PLAYING_SECONDS: Final = 15.0
"""A player that plays ticks every 5 s: after three that did not come, nothing plays that we know of."""

IDLE_SECONDS: Final = 120.0
"""A pause of two minutes is no pause for notes any more."""

POSTED_SECONDS: Final = 12.0
"""A tick by POST leaves no socket behind that would say when the page closes: after two that did not come, it did."""

GONE_SECONDS: Final = 300.0
"""Whoever left stays on the roster so long: somebody who comes back from a lost connection does not vanish first."""

CELLS: Final = 48
"""Into how many cells a watched strip is cut: a card is some two hundred pixels wide."""

_RANK: dict[State, int] = {"playing": 3, "paused": 2, "idle": 1, "gone": 0}


# Thousands of them are made for a page: a frozen dataclass takes ten times as long to make.
class Report(msgspec.Struct, frozen=True):
    """What one process holds of a student in a lesson, or held when they left. Moments are Redis's, in ms.

    `heard` is the last tick, or the opening where none came yet; `began` since when it says what it `said`; `left` is
    None while somebody is there.
    """

    user_id: int
    lesson_id: int
    course_id: int
    said: Said
    heard: int
    began: int
    position: float
    percentage: float
    watched: str
    left: int | None = None


class Seat(msgspec.Struct, frozen=True):
    """A student in a lesson, now.

    `since` is when this state began, `position` the second at which the player stood, `percentage` as it counts (0 to
    100), `watched` the watched strip: CELLS bits as hexadecimal digits, the lesson's beginning first.
    """

    user_id: int
    course_id: int
    lesson_id: int
    state: State
    since: datetime
    position: float
    percentage: float
    watched: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How many students play something now, and how many are there at all."""

    watching: int
    here: int


def state_of(report: Report, now: int) -> tuple[State, int]:
    """Return the state that a report comes to at `now`, and since when it is that one."""
    if report.left is not None:
        return "gone", report.left
    if report.said == "playing" and now - report.heard <= PLAYING_SECONDS * 1000:
        return "playing", report.began
    quiet_since = report.heard if report.said == "playing" else report.began
    return ("idle" if now - quiet_since > IDLE_SECONDS * 1000 else "paused"), quiet_since


def seats_of(reports: Iterable[Report], now: int) -> list[Seat]:
    """Make one seat of each student and lesson: whoever plays in one tab plays.

    Whoever left longer than GONE_SECONDS ago is left out; so is a lesson left for another one of the same course.
    """
    together: dict[tuple[int, int, int], list[Report]] = {}
    for report in reports:
        if report.left is None or now - report.left <= GONE_SECONDS * 1000:
            together.setdefault((report.course_id, report.user_id, report.lesson_id), []).append(report)
    seats = [_seat(those, now) for those in together.values()]
    there = {(seat.course_id, seat.user_id) for seat in seats if seat.state != "gone"}
    return [seat for seat in seats if seat.state != "gone" or (seat.course_id, seat.user_id) not in there]


def _seat(reports: Sequence[Report], now: int) -> Seat:
    if len(reports) == 1:
        [newest] = reports
        state, since = state_of(newest, now)
    else:
        state, since = max((state_of(each, now) for each in reports), key=lambda of: (_RANK[of[0]], of[1]))
        there = [each for each in reports if each.left is None]
        newest = max(there or reports, key=lambda each: each.heard)
    return Seat(
        newest.user_id,
        newest.course_id,
        newest.lesson_id,
        state,
        datetime.fromtimestamp(since / 1000, UTC),
        newest.position,
        newest.percentage,
        newest.watched,
    )


def tally(seats: Iterable[Seat]) -> Tally:
    """Count students, each once: those who play, and those who are there."""
    states = [(seat.user_id, seat.state) for seat in seats]
    playing = {user_id for user_id, state in states if state == "playing"}
    there = {user_id for user_id, state in states if state != "gone"}
    return Tally(len(playing), len(there))


def strip(segments: Iterable[Segment], duration: float) -> str:
    """Return the watched strip of these seconds: a cell is watched where at least half of it is covered.

    `segments` are disjoint, as a progress row keeps them.
    """
    covered = [0.0] * CELLS
    cell = duration / CELLS
    for start, end in segments:
        if end <= start or cell <= 0:
            continue
        first, last = min(CELLS - 1, int(start / cell)), min(CELLS - 1, int(end / cell))
        covered[first] += (min(end, (first + 1) * cell) - start) / cell
        if last > first:
            covered[last] += (min(end, duration) - last * cell) / cell
            covered[first + 1 : last] = [1.0] * (last - first - 1)
    bits = 0
    for share in covered:
        bits = bits << 1 | (share >= 0.499)  # half of a cell, however it was rounded
    return f"{bits:0{CELLS // 4}x}"


def runs(watched: str) -> list[tuple[int, int]]:
    """Return the watched runs of cells in a strip, each as its first cell and how many."""
    bits = f"{int(watched or '0', 16):0{CELLS}b}"
    found: list[tuple[int, int]] = []
    for index, bit in enumerate(bits):
        if bit == "1" and index and bits[index - 1] == "1":
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif bit == "1":
            found.append((index, 1))
    return found
