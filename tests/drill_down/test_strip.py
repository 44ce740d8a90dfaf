"""The watched strip that the server draws: the same seconds in its path and in its words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from progress import coverage, strip

seconds = st.floats(-50, 400, allow_nan=False).map(lambda value: round(value, 1))
segments = st.lists(st.tuples(seconds, seconds).map(sorted).map(tuple), max_size=12)


@pytest.mark.parametrize(
    ("given_segments", "words"),
    [
        ([], "Nothing watched yet"),
        ([[0, 80], [125, 180]], "Watched 0:00 to 1:20, 2:05 to 3:00"),
        ([[125, 180], [0, 80], [80, 90]], "Watched 0:00 to 1:30, 2:05 to 3:00"),
        ([[0, 5000]], "Watched 0:00 to 1:06:40"),
        ([[5000, 6000]], "Nothing watched yet"),
    ],
)
def test_words_say_what_was_watched(given_segments: list[list[float]], words: str) -> None:
    assert strip.of(given_segments, duration=4000).words == words


def test_nobody_has_to_listen_to_a_hundred_parts() -> None:
    parts = [(10.0 * number, 10.0 * number + 5) for number in range(100)]
    words = strip.of(parts, duration=1000).words
    assert words.startswith("Watched 0:00 to 0:05, 0:10 to 0:15, ")
    assert words.endswith("1:10 to 1:15 and 92 more parts")
    assert strip.of(parts[:9], duration=1000).words.endswith(" and 1 more part")


@given(segments)
def test_a_path_has_the_seconds_that_count_each_once(parts: list[tuple[float, float]]) -> None:
    drawn = strip.of(parts, duration=300)
    found = [tuple(map(float, each)) for each in re.findall(r"M([\d.]+) 0H([\d.]+)V1H\1z", drawn.path)]
    assert "".join(f"M{strip.number(a)} 0H{strip.number(b)}V1H{strip.number(a)}z" for a, b in found) == drawn.path
    assert found == coverage.union(coverage.clamp(parts, duration=300))
    assert drawn.width == "300"
    assert bool(found) == (drawn.words != "Nothing watched yet")


def test_numbers_are_what_svg_reads_and_a_lesson_without_length_has_a_strip() -> None:
    assert [strip.number(value) for value in (0, 10, 0.5, 12.346, 1000.0, 1e6)] == [
        "0",
        "10",
        "0.5",
        "12.35",
        "1000",
        "1000000",
    ]
    assert strip.of([[0, 5]], duration=0) == strip.Strip("1", "", "Nothing watched yet")
