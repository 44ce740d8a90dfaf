"""Coverage and percentages: each second counts once, and nothing is rounded up over a threshold."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from progress import coverage
from progress.coverage import Segment
from progress.percent import cut

quickly = settings(max_examples=150, deadline=None)

DURATION = 60
edges = st.integers(min_value=-10, max_value=DURATION + 20)
whole_segments = st.lists(st.tuples(edges, edges).map(lambda pair: (float(min(pair)), float(max(pair)))), max_size=30)


def played_seconds(segments: list[Segment], *, duration: int = DURATION) -> set[int]:
    """The seconds of a lesson that whole segments touch, counted the slow way."""
    return {second for second in range(duration) for start, end in segments if start <= second < end}


@quickly
@given(whole_segments)
def test_coverage_equals_the_set_of_seconds_that_were_played(segments: list[Segment]) -> None:
    merged = coverage.union(coverage.clamp(segments, duration=DURATION))
    assert played_seconds(merged) == played_seconds(segments)
    assert coverage.seconds(merged) == len(played_seconds(segments))
    assert coverage.percentage(merged, duration=DURATION) == cut(len(played_seconds(segments)) / DURATION * 100)


@quickly
@given(whole_segments)
def test_merged_segments_are_sorted_apart_and_not_empty(segments: list[Segment]) -> None:
    merged = coverage.union(coverage.clamp(segments, duration=DURATION))
    assert all(start < end for start, end in merged)
    assert all(before[1] < after[0] for before, after in pairwise(merged))


@quickly
@given(whole_segments, st.randoms(use_true_random=False))
def test_the_order_of_segments_does_not_matter(segments: list[Segment], random: Random) -> None:
    shuffled = list(segments)
    random.shuffle(shuffled)
    assert coverage.union(shuffled) == coverage.union(segments)


@quickly
@given(whole_segments, whole_segments)
def test_merging_bit_by_bit_equals_merging_at_once(some: list[Segment], more: list[Segment]) -> None:
    assert coverage.union([*coverage.union(some), *more]) == coverage.union([*some, *more])
    assert coverage.union(coverage.union(some)) == coverage.union(some)


@pytest.mark.parametrize(
    ("segments", "merged"),
    [
        ([], []),
        ([(0.0, 5.0), (5.0, 10.0)], [(0.0, 10.0)]),
        ([(5.0, 10.0), (0.0, 5.0)], [(0.0, 10.0)]),
        ([(0.0, 10.0), (2.0, 3.0)], [(0.0, 10.0)]),
        ([(2.0, 3.0), (0.0, 10.0)], [(0.0, 10.0)]),
        ([(0.0, 5.0), (5.000001, 10.0)], [(0.0, 5.0), (5.000001, 10.0)]),
        ([(0.0, 5.0), (0.0, 5.0), (0.0, 5.0)], [(0.0, 5.0)]),
        ([(0.0, 2.5), (1.5, 4.25), (4.0, 6.0)], [(0.0, 6.0)]),
    ],
)
def test_segments_that_overlap_or_touch_become_one(segments: list[Segment], merged: list[Segment]) -> None:
    assert coverage.union(segments) == merged


@pytest.mark.parametrize(
    ("segment", "kept"),
    [
        ((0.0, 100.0), [(0.0, 100.0)]),
        ((95.0, 105.0), [(95.0, 100.0)]),
        ((-5.0, 5.0), [(0.0, 5.0)]),
        ((100.0, 105.0), []),
        ((-5.0, 0.0), []),
        ((7.0, 7.0), []),
        ((8.0, 7.0), []),
    ],
)
def test_what_lies_outside_the_lesson_is_left_out(segment: Segment, kept: list[Segment]) -> None:
    assert coverage.clamp([segment], duration=100) == kept


def test_clamping_keeps_the_order_of_playing() -> None:
    assert coverage.clamp([(50.0, 60.0), (0.0, 10.0)], duration=100) == [(50.0, 60.0), (0.0, 10.0)]


@pytest.mark.parametrize(
    ("segments", "percentage"),
    [
        ([], 0.0),
        ([(0.0, 100.0)], 100.0),
        ([(0.0, 120.0)], 100.0),
        ([(0.0, 29.0)], 29.0),
        ([(0.0, 0.29)], 0.29),
        ([(0.0, 89.999)], 89.99),
        ([(0.0, 50.0), (90.0, 100.0)], 60.0),
    ],
)
def test_a_percentage_is_the_covered_share_of_the_lesson(segments: list[Segment], percentage: float) -> None:
    assert coverage.percentage(segments, duration=100) == percentage


def test_seconds_beyond_the_end_of_a_shortened_lesson_do_not_count() -> None:
    # Watched from 60 to 100 while the lesson lasted 100 s; its video was then replaced by one of 50 s.
    assert coverage.percentage([(60.0, 100.0)], duration=50) == 0.0
    assert coverage.percentage([(40.0, 100.0)], duration=50) == 20.0


@pytest.mark.parametrize("duration", [0.0, -1.0])
def test_a_lesson_without_length_is_covered_by_nothing(duration: float) -> None:
    assert coverage.percentage([(0.0, 10.0)], duration=duration) == 0.0


@pytest.mark.parametrize("duration", [0.3, 7.0, 59.94, 3600.1])
def test_a_lesson_played_in_small_steps_to_its_end_is_covered_whole(duration: float) -> None:
    edges = [duration * step / 37 for step in range(38)]
    merged = coverage.union(pairwise(edges))
    assert coverage.percentage(merged, duration=duration) == 100.0


@quickly
@given(whole_segments, st.integers(min_value=0, max_value=10))
def test_a_bounded_list_keeps_the_longest_segments_in_order(segments: list[Segment], most: int) -> None:
    merged = coverage.union(coverage.clamp(segments, duration=DURATION))
    kept = coverage.bounded(merged, most=most)
    assert len(kept) == min(most, len(merged))
    assert kept == sorted(kept)
    assert set(kept) <= set(merged)
    longest = sorted((end - start for start, end in merged), reverse=True)[:most]
    assert sorted((end - start for start, end in kept), reverse=True) == longest


def test_a_list_within_its_bound_is_left_as_it_is() -> None:
    assert coverage.bounded([(0.0, 1.0), (2.0, 5.0)], most=2) == [(0.0, 1.0), (2.0, 5.0)]


@pytest.mark.parametrize(
    ("given_percentage", "shown"),
    [
        (0, 0.0),
        (0.009, 0.0),
        (89.99, 89.99),
        (89.999, 89.99),
        (89.99999, 89.99),
        (90, 90.0),
        (90.0000001, 90.0),
        (99.999, 99.99),
        (100, 100.0),
        (100.5, 100.0),
        (-0.5, 0.0),
        (0.29 * 100, 29.0),
        (0.57 * 100, 57.0),
        (1.15, 1.15),
        (45.5, 45.5),
    ],
)
def test_a_percentage_is_cut_and_not_rounded(given_percentage: float, shown: float) -> None:
    assert cut(given_percentage) == shown


@quickly
@given(st.integers(min_value=0, max_value=10_000))
def test_two_decimals_stay_as_they_are(hundredths: int) -> None:
    assert cut(hundredths / 100) == hundredths / 100


@quickly
@given(st.decimals(min_value=0, max_value=100, places=6))
def test_cutting_equals_cutting_the_decimal_text(percentage: Decimal) -> None:
    assert cut(float(percentage)) == float(percentage.quantize(Decimal("0.01"), rounding=ROUND_DOWN))


@quickly
@given(st.floats(min_value=0, max_value=100), st.floats(min_value=0, max_value=100))
def test_cutting_keeps_the_order_of_percentages(one: float, other: float) -> None:
    assert cut(min(one, other)) <= cut(max(one, other))
    assert cut(cut(one)) == cut(one)
