"""Frames of the feed socket: every item once, in order, in few frames, each with the mark it brings a viewer to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers import frames
from consumers.codes import FRAME_BYTES
from consumers.frames import Appended, Item
from feed.entries import Entry
from feed.filters import NONE, Filters
from feed.history import Mark, parse_mark
from feed.publish import post_of, withdrawal_of

quickly = settings(max_examples=100, deadline=None)

GROUP = "feed.course.3"
EPOCH = "1f0c22ab6925b1a0f4240"
EXAMS = Filters(types=frozenset({"exam_attempt"}))


def entry(pk: int, *, type: str = "lesson_completed", name: str = "Ada Lovelace") -> Entry:
    """An entry as it is published."""
    return {
        "id": f"{type}:{pk}",
        "type": type,
        "timestamp": "2026-11-22T16:00:00.123456Z",
        "user": {"id": 17, "name": name},
        "course": {"id": 3, "slug": "algorithms", "title": "Algorithms"},
        "lesson": {"id": 7, "slug": "bernoulli", "title": "Bernoulli numbers"},
        "data": {"watch_percentage": 92.5},
    }


def item(text: bytes) -> Item:
    """An item as the hub reads it from a history."""
    return msgspec.json.decode(text, type=Item)


def told(pk: int, **fields: Any) -> Item:
    """An item that holds this entry."""
    return item(post_of(entry(pk, **fields)).item)


def taken_back(pk: int) -> Item:
    """An item that withdraws an entry."""
    return item(withdrawal_of(f"lesson_completed:{pk}", user_id=17, course_id=3).item)


def made_of(items: Sequence[Item], *, first: int = 1, filters: Filters = NONE) -> list[tuple[int, dict[str, Any]]]:
    """The frames made of these items, each with its offset, read as a client reads them."""
    made = list(frames.of_items(GROUP, EPOCH, first, items, filters))
    return [(offset, json.loads(frame.decode())) for offset, frame in made]


def position(offset: int) -> dict[str, str]:
    """What the frame that brings a viewer here says."""
    return {GROUP: f"{EPOCH}.{offset}"}


def test_no_items_make_no_frame() -> None:
    assert made_of([]) == []


def test_what_gathered_goes_in_one_frame_with_the_mark_of_its_last_item() -> None:
    expected = {"type": "entries", "entries": [entry(1), entry(2), entry(3)], "position": position(43)}
    assert made_of([told(1), told(2), told(3)], first=41) == [(43, expected)]


def test_withdrawals_that_follow_each_other_go_in_one_frame() -> None:
    expected = {"type": "withdrawn", "ids": ["lesson_completed:1", "lesson_completed:2"], "position": position(8)}
    assert made_of([taken_back(1), taken_back(2)], first=7) == [(8, expected)]


def test_entries_and_withdrawals_keep_their_order() -> None:
    made = made_of([told(1), told(2), taken_back(1), told(3), taken_back(2), taken_back(3)], first=1)
    assert [(offset, frame["type"]) for offset, frame in made] == [
        (2, "entries"),
        (3, "withdrawn"),
        (4, "entries"),
        (6, "withdrawn"),
    ]
    assert [frame["position"] for _, frame in made] == [position(2), position(3), position(4), position(6)]
    assert made[3][1]["ids"] == ["lesson_completed:2", "lesson_completed:3"]


def test_entries_that_the_filters_hide_make_no_frame() -> None:
    assert made_of([told(1), told(2)], filters=EXAMS) == []


def test_a_mark_moves_over_what_is_hidden_to_the_last_entry_that_is_shown() -> None:
    items = [told(1), told(2, type="exam_attempt"), told(3), told(4, type="exam_attempt"), told(5)]
    [(offset, frame)] = made_of(items, first=11, filters=EXAMS)
    assert offset == 14
    assert [each["id"] for each in frame["entries"]] == ["exam_attempt:2", "exam_attempt:4"]
    assert frame["position"] == position(14)


def test_hidden_entries_do_not_part_what_is_shown() -> None:
    items = [told(1, type="exam_attempt"), told(2), taken_back(9), told(3), taken_back(8)]
    assert [(offset, frame["type"]) for offset, frame in made_of(items, filters=EXAMS)] == [
        (1, "entries"),
        (5, "withdrawn"),
    ]


@pytest.mark.parametrize(
    "filters",
    [NONE, EXAMS, Filters(courses=frozenset({99})), Filters(words=("nobody",)), Filters(students=frozenset())],
)
def test_a_withdrawal_passes_every_filter(filters: Filters) -> None:
    [(offset, frame)] = made_of([taken_back(1)], filters=filters)
    assert (offset, frame["ids"]) == (1, ["lesson_completed:1"])


def test_items_are_shown_by_the_same_filters_as_snapshots() -> None:
    assert told(1).shown_under(NONE)
    assert told(1).shown_under(Filters(words=("lovelace", "numbers")))
    assert not told(1).shown_under(Filters(words=("lovelace", "mosses")))


@pytest.mark.parametrize(
    "text",
    [
        '{"id":"exam_attempt:1","type":"exam_attempt","data":{"score":80.0}}',
        '{ "id" : "exam_attempt:1" ,\n "type" : "exam_attempt" , "new key" : [ 1.50 , null , { } ] }',
        '{"id":"x:1","name":"Ada \\"the\\" Lovelace \\u00e9\\ud83d\\ude00 é 😀 </script> \\\\ \\n"}',
        '{"id":"x:1","big":9007199254740993,"small":1e-7,"exact":89.99}',
        '{"id":"x:1","entry":{"withdrawn":"y"},"withdrawn":"z"}',
    ],
)
def test_an_entrys_bytes_go_on_as_they_came(text: str) -> None:
    [(_, frame)] = list(frames.of_items(GROUP, EPOCH, 1, [item(b'{"entry":%s}' % text.encode())], NONE))
    assert b"[%s]" % text.encode() in frame
    assert json.loads(frame)["entries"] == [json.loads(text)]


def test_an_id_is_told_as_json_whatever_it_holds() -> None:
    [(_, frame)] = made_of([item(msgspec.json.encode({"withdrawn": 'a"b\\c\u2028é'}))])
    assert frame["ids"] == ['a"b\\c\u2028é']


def test_what_the_script_publishes_is_read_as_items() -> None:
    payload = b'{"epoch":"%s","first":5,"items":[%s,%s]}' % (
        EPOCH.encode(),
        post_of(entry(1)).item,
        withdrawal_of("lesson_completed:2", user_id=17, course_id=3).item,
    )
    appended = msgspec.json.decode(payload, type=Appended)
    assert (appended.epoch, appended.first) == (EPOCH, 5)
    assert [offset for offset, _ in made_of(appended.items, first=appended.first)] == [5, 6]


# The cut at 32 KiB


def test_a_frame_is_cut_at_32_kib() -> None:
    items = [told(n, name="x" * 700) for n in range(1, 101)]
    made = list(frames.of_items(GROUP, EPOCH, 1, items, NONE))
    assert FRAME_BYTES == 32 * 1024
    assert [each["id"] for _, frame in made for each in json.loads(frame)["entries"]] == [
        f"lesson_completed:{n}" for n in range(1, 101)
    ]
    assert made[-1][0] == 100
    assert all(len(frame) > FRAME_BYTES - 1200 for _, frame in made[:-1])  # full, save for less than one entry


@pytest.mark.parametrize("length", range(600, 700, 7))
def test_no_frame_of_several_items_is_longer_than_32_kib(length: int) -> None:
    items = [told(n, name="x" * length) for n in range(1, 81)]
    assert max(len(frame) for _, frame in frames.of_items(GROUP, EPOCH, 1, items, NONE)) <= FRAME_BYTES


def test_an_entry_too_long_for_a_frame_goes_alone() -> None:
    made = made_of([told(1), told(2, name="x" * (FRAME_BYTES + 1)), told(3)])
    assert [(offset, [each["id"] for each in frame["entries"]]) for offset, frame in made] == [
        (1, ["lesson_completed:1"]),
        (2, ["lesson_completed:2"]),
        (3, ["lesson_completed:3"]),
    ]


def test_withdrawals_are_cut_at_32_kib_too() -> None:
    made = list(frames.of_items(GROUP, EPOCH, 1, [taken_back(n) for n in range(5000)], NONE))
    assert len(made) > 1
    assert sum(len(json.loads(frame)["ids"]) for _, frame in made) == 5000
    assert max(len(frame) for _, frame in made) <= FRAME_BYTES


# Any run of items


kinds = st.sampled_from(["entry", "entry", "exam", "withdrawn"])
lengths = st.sampled_from([1, 30, 400, 5_000, 15_000, 40_000])


@quickly
@given(
    st.lists(st.tuples(kinds, lengths), max_size=14),
    st.sampled_from([NONE, EXAMS]),
    st.integers(min_value=1, max_value=9_000_000_000),
)
def test_frames_hold_every_item_that_is_shown_once_and_in_order(
    plan: list[tuple[str, int]], filters: Filters, first: int
) -> None:
    items, expected = [], []
    for offset, (kind, length) in enumerate(plan, start=first):
        if kind == "withdrawn":
            items.append(taken_back(offset))
            expected.append((offset, "ids", f"lesson_completed:{offset}"))
            continue
        made = entry(offset, type="exam_attempt" if kind == "exam" else "lesson_completed", name="é" * length)
        items.append(item(post_of(made).item))
        if filters.match(made):
            expected.append((offset, "entries", made))
    told_so_far: list[tuple[str, Any]] = []
    reached = first - 1
    for offset, frame in frames.of_items(GROUP, EPOCH, first, items, filters):
        read = json.loads(frame.decode())
        key = "ids" if read["type"] == "withdrawn" else "entries"
        assert set(read) == {"type", key, "position"}
        assert read[key]
        assert parse_mark(read["position"].pop(GROUP)) == Mark(EPOCH, offset)
        assert read["position"] == {}  # one group a frame
        assert offset > reached
        assert len(frame) <= FRAME_BYTES or len(read[key]) == 1
        told_so_far += [(key, each) for each in read[key]]
        # The mark is that of the frame's last item: whoever recovers from it misses nothing and gets nothing twice.
        assert expected[len(told_so_far) - 1][0] == offset
        reached = offset
    assert told_so_far == [(key, each) for _, key, each in expected]


def test_a_frame_that_only_moves_a_mark_has_no_entries() -> None:
    read = json.loads(frames.moved(GROUP, Mark(EPOCH, 9)).text)
    assert read == {"type": "entries", "entries": [], "position": position(9)}


def test_the_other_frames_say_what_the_protocol_says() -> None:
    assert json.loads(frames.subscribed(position(3), recovered=True).text) == {
        "type": "subscribed",
        "recovered": True,
        "position": position(3),
    }
    assert json.loads(frames.subscribed({}, recovered=False).text) == {
        "type": "subscribed",
        "recovered": False,
        "position": {},
    }
    assert json.loads(frames.reset("renamed").text) == {"type": "reset", "reason": "renamed"}
