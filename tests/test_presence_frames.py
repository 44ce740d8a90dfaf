"""Presence frames, pure: what was told and then what changed is what is told whole; frames stay small."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from consumers import presence_frames
from consumers.presence_frames import MOST_CHANGES, MOST_ROWS, Key, delta, full, rows_of, shown_of, take_changes
from feed.presence import Seat, tally
from feed.presence.naming import Names, Person

NOW = datetime(2026, 11, 25, 16, tzinfo=UTC)
STATES = ("playing", "paused", "idle", "gone")
NAMES = Names({user: Person(f"Student {user}", user % 3 == 0) for user in range(2_000)}, {7: "Sets", 8: "Maps"})


def seat(user: int, lesson: int = 7, state: Any = "playing", *, percentage: float = 10, since: int = 0) -> Seat:
    return Seat(user, 3, lesson, state, NOW + timedelta(seconds=since), 5.0, percentage, "0" * 12)


SEATS = st.builds(
    seat, st.integers(0, 5), st.sampled_from([7, 8]), st.sampled_from(STATES), percentage=st.integers(0, 3)
)


def applied(shown: dict[Key, Any], frame: Any) -> None:
    """Do with a frame what docs/protocol.md says."""
    said = msgspec.json.decode(frame.text)
    if said["full"]:
        shown.clear()
    for row in said["seats"]:
        shown.setdefault((row["user"], row["lesson"]), {}).update(row)
    for user, lesson in said.get("left", []):
        del shown[user, lesson]


@given(st.lists(st.lists(SEATS, max_size=8), max_size=8))
def test_a_full_frame_and_all_that_changed_since_is_a_fresh_full_frame(rounds: list[list[Seat]]) -> None:
    told: dict[Key, Any] = {}
    shown: dict[Key, Any] = {}
    fresh: dict[Key, Any] = {}
    applied(shown, full(told, tally([])))
    for seats in rounds:
        rows = shown_of(rows_of(seats, NAMES))
        applied(shown, delta(*take_changes(told, rows), tally(seats)))
        assert told == rows
        applied(fresh, full(rows, tally(seats)))
        assert shown == fresh


def test_what_changed_has_nothing_else_in_it() -> None:
    told = dict(rows_of([seat(1), seat(2)], NAMES))
    changes, left = take_changes(told, rows_of([seat(1, state="paused", since=9), seat(2)], NAMES))
    assert changes == [{"user": 1, "lesson": 7, "state": "paused", "since": "2026-11-25T16:00:09Z"}]
    assert left == []
    assert take_changes(told, rows_of([seat(1, state="paused", since=9)], NAMES)) == ([], [(2, 7)])


def test_the_fraction_of_a_percent_changes_nothing() -> None:
    told = dict(rows_of([seat(1, percentage=41.2)], NAMES))
    assert take_changes(told, rows_of([seat(1, percentage=41.9)], NAMES)) == ([], [])


def test_many_changes_go_out_over_some_frames_and_states_go_first() -> None:
    told = dict(rows_of([seat(user) for user in range(900)], NAMES))
    last = rows_of(
        [seat(user, state="paused" if user > 800 else "playing", percentage=11) for user in range(900)], NAMES
    )
    changes, _ = take_changes(told, last)
    assert {change["user"] for change in changes if "state" in change} == set(range(801, 900))
    sizes = []
    while changes:
        assert len(changes) <= MOST_CHANGES
        sizes.append(len(delta(changes, [], tally([])).text))
        changes, _ = take_changes(told, last)
    assert told == last
    assert len(sizes) == 4
    assert max(sizes) < 32 * 1024


def test_of_more_than_a_screen_bears_those_who_are_there_are_shown() -> None:
    there = [seat(user) for user in range(500, 500 + MOST_ROWS)]
    rows = rows_of([*there, *(seat(user, state="gone") for user in range(400))], NAMES)
    shown = shown_of(rows)
    assert set(shown) == {(each.user_id, 7) for each in there}
    assert len(full(shown, tally(there)).text) < 300 * 1024


def test_who_is_gone_from_the_school_is_on_no_roster() -> None:
    assert rows_of([seat(1), seat(5_000), seat(2, lesson=9)], NAMES).keys() == {(1, 7)}


def test_a_row_says_every_field_once_it_is_new() -> None:
    [change], _ = take_changes({}, rows_of([seat(3)], NAMES))
    assert list(change) == list(presence_frames.Row.__struct_fields__)
    assert change["name_hidden"] is True
