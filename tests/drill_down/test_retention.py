"""Retention is what a count second by second finds, never more than all, and rises with what is watched."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.drill_down.retention import Gathered, count_of_parts, cut_up, seconds_in_parts
from progress import coverage
from progress.coverage import Segment

DURATION = 120.0
places = st.integers(0, int(DURATION) * 4).map(lambda quarter: quarter / 4)
stretches = st.lists(st.tuples(places, places).map(sorted).map(tuple), max_size=8)
students = st.lists(stretches.map(coverage.union).filter(bool), min_size=1, max_size=6)
sizes = st.integers(1, 60)


def gathered(of: list[Segment], parts: int) -> list[Gathered]:
    """As PostgreSQL gathers them, one a stretch."""
    length = DURATION / parts
    return [
        Gathered(min(int(start / length), parts), min(int(end / length), parts), 1, start, end) for start, end in of
    ]


def naive(of: list[Segment], parts: int) -> list[float]:
    """Each stretch held against each part."""
    edges = list(pairwise(index * DURATION / parts for index in range(parts + 1)))
    return [sum(max(0.0, min(end, to) - max(start, begin)) for start, end in of) for begin, to in edges]


def parts_of(watched: list[list[Segment]], parts: int) -> list[float]:
    """The shares of a lesson that these students watched."""
    drawn = cut_up(
        duration=DURATION,
        students=len(watched),
        watched=gathered([each for one in watched for each in one], parts),
        played=[],
        players=0,
        stopped=[0] * parts,
    )
    return [part.share for part in drawn]


@given(stretches, sizes)
def test_seconds_lie_in_the_parts_in_which_a_naive_count_finds_them(of: list[Segment], parts: int) -> None:
    found = seconds_in_parts(gathered(of, parts), parts=parts, duration=DURATION)
    assert found == pytest.approx(naive(of, parts), abs=1e-6)


@given(students, sizes)
def test_retention_is_never_over_a_hundred_percent_and_full_where_everybody_watched(
    watched: list[list[Segment]], parts: int
) -> None:
    shares = parts_of(watched, parts)
    assert all(0 <= share <= 1 for share in shares)
    everybody = parts_of([*watched, *[[(0.0, DURATION)]] * 3], parts)
    assert parts_of([[(0.0, DURATION)]] * len(watched), parts) == pytest.approx([1.0] * parts)
    assert all(after >= before - 1e-9 for before, after in zip(shares, everybody, strict=True))


@given(students, places, places)
def test_watching_more_raises_no_part_but_those_that_were_watched(
    watched: list[list[Segment]], start: float, end: float
) -> None:
    start, end = sorted((start, end))
    before = parts_of(watched, 60)
    after = parts_of([coverage.union([*watched[0], (start, end)]), *watched[1:]], 60)
    for index, (was, now) in enumerate(zip(before, after, strict=True)):
        inside = start < (index + 1) * 2 and end > index * 2
        assert now >= was - 1e-9
        assert inside or now == pytest.approx(was, abs=1e-9)


@pytest.mark.parametrize(("duration", "parts"), [(0.4, 1), (1, 1), (7, 7), (59.9, 59), (60, 60), (3600, 60)])
def test_a_lesson_has_at_most_sixty_parts_and_none_shorter_than_a_second(duration: float, parts: int) -> None:
    assert count_of_parts(duration) == parts


def test_plays_are_counted_as_often_as_they_were_played_and_drawn_against_the_most() -> None:
    played = gathered([(0.0, 60.0), (0.0, 60.0), (30.0, 60.0)], 4)
    drawn = cut_up(duration=DURATION, students=2, watched=[], played=played, players=2, stopped=[0, 3, 0, 1])
    assert [part.plays for part in drawn] == [1.0, 1.5, 0, 0]
    assert [part.rise for part in drawn] == ["66.67", "100", "0", "0"]
    assert [part.rise_top for part in drawn] == ["33.33", "0", "100", "100"]
    assert [part.stopped for part in drawn] == [0, 3, 0, 1]
    assert [(part.begins, part.ends) for part in drawn][:2] == [("0:00", "0:30"), ("0:30", "1:00")]


def test_a_bar_is_as_high_as_the_share_and_stands_on_the_ground() -> None:
    [half, none] = cut_up(
        duration=DURATION, students=4, watched=gathered([(0.0, 60.0)] * 2, 2), played=[], players=0, stopped=[0, 0]
    )
    assert (half.percentage, half.height, half.top) == (50.0, "50", "50")
    assert (none.percentage, none.height, none.top) == (0.0, "0", "100")
