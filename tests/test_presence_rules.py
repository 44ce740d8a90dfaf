"""Presence, pure: what reports come to, by tables."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from feed.presence import tally
from feed.presence.rules import CELLS, Report, runs, seats_of, state_of, strip
from progress import coverage

NOW = 1_000_000_000
PLAYS = Report(1, 7, 3, "playing", heard=NOW, began=NOW, position=5.0, percentage=10.0, watched="f" * 12)


def ago(**seconds: float) -> dict[str, int]:
    return {name: NOW - int(1000 * value) for name, value in seconds.items()}


@pytest.mark.parametrize(
    ("said", "moments", "state", "since"),
    [
        ("playing", {"heard": 0, "began": 60}, "playing", 60),
        ("playing", {"heard": 15, "began": 60}, "playing", 60),
        ("playing", {"heard": 15.001, "began": 60}, "paused", 15.001),  # three ticks did not come
        ("playing", {"heard": 120, "began": 600}, "paused", 120),
        ("playing", {"heard": 120.001, "began": 600}, "idle", 120.001),
        ("paused", {"heard": 0, "began": 0}, "paused", 0),
        ("paused", {"heard": 1, "began": 120}, "paused", 120),
        ("paused", {"heard": 1, "began": 121}, "idle", 121),  # it is paused, whatever else it says
        ("playing", {"heard": 0, "began": 60, "left": 0}, "gone", 0),
        ("paused", {"heard": 200, "began": 200, "left": 100}, "gone", 100),
    ],
)
def test_a_state_follows_from_what_was_said_and_how_long_ago(
    said: Any, moments: dict[str, float], state: str, since: float
) -> None:
    report = replace(PLAYS, said=said, **ago(**moments))
    assert state_of(report, NOW) == (state, NOW - int(1000 * since))


def states(*reports: Report) -> list[tuple[int, int, str]]:
    return sorted((seat.user_id, seat.lesson_id, seat.state) for seat in seats_of(reports, NOW))


def test_whoever_plays_in_one_tab_plays_and_has_one_seat() -> None:
    paused = replace(PLAYS, said="paused", **ago(heard=1, began=600), percentage=9.0)
    left = replace(PLAYS, **ago(left=1, heard=0))
    assert states(paused, PLAYS, left) == [(1, 7, "playing")]
    [seat] = seats_of([paused, PLAYS, left], NOW)
    assert seat.percentage == 10.0


def test_of_one_who_has_a_tab_open_the_one_closed_later_says_nothing() -> None:
    paused = replace(PLAYS, said="paused", **ago(heard=60, began=60))
    closed = replace(PLAYS, percentage=1.0, **ago(left=1, heard=1))
    [seat] = seats_of([closed, paused], NOW)
    assert (seat.state, seat.percentage) == ("paused", 10.0)


def test_whoever_left_is_gone_for_five_minutes_unless_they_went_to_another_lesson_of_the_course() -> None:
    left = replace(PLAYS, **ago(left=300))
    assert states(left) == [(1, 7, "gone")]
    assert states(replace(left, **ago(left=300.001))) == []
    assert states(left, replace(PLAYS, lesson_id=8)) == [(1, 8, "playing")]
    assert states(left, replace(PLAYS, lesson_id=8, course_id=4)) == [(1, 7, "gone"), (1, 8, "playing")]


def test_students_are_counted_once_and_those_gone_not_at_all() -> None:
    reports = [
        PLAYS,
        replace(PLAYS, lesson_id=8, said="paused"),
        replace(PLAYS, user_id=2, said="paused"),
        replace(PLAYS, user_id=3, left=NOW),
    ]
    counted = tally(seats_of(reports, NOW))
    assert (counted.watching, counted.here) == (1, 2)


@pytest.mark.parametrize(
    ("segments", "duration", "watched"),
    [
        ([], 48, []),
        ([(0, 48)], 48, [(0, 48)]),
        ([(0, 12)], 48, [(0, 12)]),
        ([(0, 0.4), (1.2, 1.8), (47.4, 48)], 48, [(1, 1), (47, 1)]),
        ([(1, 1.25), (1.5, 1.75)], 48, [(1, 1)]),  # halves of halves
        ([(0, 50)], 100, [(0, 24)]),
        ([(0, 10)], 0, []),
        ([(90, 200)], 96, [(45, 3)]),  # the lesson has become shorter
    ],
)
def test_a_strip_has_the_cells_that_are_half_covered(segments: Any, duration: float, watched: Any) -> None:
    assert runs(strip(segments, duration)) == watched


SECONDS = st.floats(0, 600)


@given(st.lists(st.tuples(SECONDS, SECONDS).map(sorted).map(tuple), max_size=20))
def test_a_strip_says_about_as_much_as_the_coverage(segments: Any) -> None:
    disjoint = coverage.union(segments)
    share = sum(length for _, length in runs(strip(disjoint, 600))) / CELLS
    assert abs(share * 100 - coverage.percentage(disjoint, duration=600)) <= 100 * (len(disjoint) + 1) / CELLS
