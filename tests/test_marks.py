"""Marks and positions: what a client hands back, taken only where it can be one of ours."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.catch_up import parse_position
from feed.history import Mark, parse_mark

quickly = settings(max_examples=150, deadline=None)

EPOCH = "1f0c22ab6925b1a0f4240"  # as the script makes them: of a run id, seconds and microseconds
GROUPS = ["feed.course.3", "feed.student.17"]


def test_a_mark_is_one_text_and_comes_back_from_it() -> None:
    assert str(Mark(EPOCH, 123)) == f"{EPOCH}.123"
    assert parse_mark(f"{EPOCH}.123") == Mark(EPOCH, 123)
    assert parse_mark(f"{EPOCH}.0") == Mark(EPOCH, 0)


@quickly
@given(st.text("0123456789abcdef", min_size=1, max_size=21), st.integers(min_value=0, max_value=9_999_999_999))
def test_every_mark_that_we_give_can_be_handed_back(epoch: str, offset: int) -> None:
    mark = Mark(epoch, offset)
    assert len(str(mark)) <= 32
    assert parse_mark(str(mark)) == mark


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        1.5,
        True,
        [],
        {},
        ["a.1"],
        b"a.1",
        "",
        ".",
        "a",
        "a.",
        ".1",
        "a.b",
        "a.-1",
        "a.+1",
        "a.1.2",
        "a.1e3",
        "a.0x1",
        "a.1_0",
        "a-b.1",
        "a b.1",
        "a. 1",
        " a.1",
        "a.1 ",
        "a.1\n",
        "a\x00.1",
        "é.1",
        "a.٣",
        "a.²",
        "*.1",
        "a,1",
        "a" * 31 + ".1",
        "a." + "1" * 31,
    ],
)
def test_what_cannot_be_a_mark_is_none(text: object) -> None:
    assert parse_mark(text) is None


@quickly
@given(st.text(max_size=40))
def test_whatever_text_is_given_is_a_mark_or_none(text: str) -> None:
    mark = parse_mark(text)
    assert mark is None or (len(text) <= 32 and mark.epoch == text.partition(".")[0] and mark.offset >= 0)


def test_a_position_has_a_mark_for_each_of_the_viewers_groups() -> None:
    given_position = {"feed.student.17": f"{EPOCH}.4", "feed.course.3": f"{EPOCH}.0"}
    assert parse_position(given_position, GROUPS) == {
        "feed.course.3": Mark(EPOCH, 0),
        "feed.student.17": Mark(EPOCH, 4),
    }


@pytest.mark.parametrize(
    "position",
    [
        None,
        "",
        f"{EPOCH}.1",
        5,
        True,
        [],
        [["feed.course.3", f"{EPOCH}.1"]],
        GROUPS,
        {},
        {"feed.course.3": f"{EPOCH}.1"},
        {"feed.course.3": f"{EPOCH}.1", "feed.student.17": f"{EPOCH}.1", "feed.all": f"{EPOCH}.1"},
        {"feed.course.3": f"{EPOCH}.1", "feed.student.18": f"{EPOCH}.1"},
        {"feed.all": f"{EPOCH}.1"},
        {"feed.course.3": f"{EPOCH}.1", "feed.student.17": None},
        {"feed.course.3": f"{EPOCH}.1", "feed.student.17": ""},
        {"feed.course.3": f"{EPOCH}.1", "feed.student.17": 1},
        {"feed.course.3": f"{EPOCH}.1", "feed.student.17": f"{EPOCH}.-1"},
        {"feed.course.3": f"{EPOCH}.1", "feed.student.17": {"epoch": EPOCH, "offset": 1}},
    ],
)
def test_a_position_that_is_malformed_or_not_exactly_of_the_viewers_groups_is_none(position: object) -> None:
    assert parse_position(position, GROUPS) is None
