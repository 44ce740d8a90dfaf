"""Ticks, parsed: what a player may say, and the stable code of everything that it may not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from progress.refusals import BadValue, Refused, Unreadable
from progress.ticks import LARGEST_ID, LONGEST_SECONDS, MOST_SEGMENTS, Tick, parse_object, parse_tick

quickly = settings(max_examples=150, deadline=None)


def parse(text: str) -> Tick:
    """A frame or body, as far as its tick."""
    return parse_tick(parse_object(text), user_id=1, lesson_id=7)


def frame(**fields: object) -> str:
    """A good tick with these fields, some of them bad."""
    return json.dumps({"watch_percentage": 45.5, "timestamp": 120.5} | fields)


def frame_of(name: str, text: str) -> str:
    """A good tick with one field as this very text, which may be no JSON."""
    return frame(**{name: "@"}).replace('"@"', text)


def test_a_tick_needs_a_percentage_and_a_timestamp() -> None:
    assert parse(frame()) == Tick(1, 7, 45.5, 120.5)


def test_our_own_player_says_more() -> None:
    told = parse(frame(type="progress", id=12, player="x7Q", segments=[[100.0, 120.5], [3, 4]], state="playing"))
    assert told == Tick(1, 7, 45.5, 120.5, ((100.0, 120.5), (3.0, 4.0)), "x7Q", 12, "playing")


def test_a_missing_list_of_segments_differs_from_an_empty_one() -> None:
    assert parse(frame()).segments is None
    assert parse(frame(segments=[])).segments == ()


def test_unknown_keys_are_ignored() -> None:
    assert parse(frame(user=99, lesson=99, user_id=99, completed=True)) == Tick(1, 7, 45.5, 120.5)


def test_a_missing_id_player_or_state_may_be_said_as_null() -> None:
    assert parse(frame(id=None, player=None, state=None)) == Tick(1, 7, 45.5, 120.5)


@pytest.mark.parametrize("percentage", [0, 0.0, 100, 100.0, 1e-9, 89.999])
def test_percentages_from_nought_to_a_hundred_are_good(percentage: float) -> None:
    tick = parse(frame(watch_percentage=percentage))
    assert tick.percentage == percentage
    assert isinstance(tick.percentage, float)


NOT_A_NUMBER = ['"45"', '""', "true", "false", "null", "[]", "[45]", "{}", "NaN", "Infinity", "-Infinity", "1e999"]


@pytest.mark.parametrize("text", [*NOT_A_NUMBER, "-0.01", "-1", "100.01", "101", "1e300", "9" * 400, "-" + "9" * 400])
def test_a_bad_percentage_is_refused(text: str) -> None:
    with pytest.raises(BadValue) as refused:
        parse(frame_of("watch_percentage", text))
    assert (refused.value.code, refused.value.status) == ("invalid_percentage", 422)


@pytest.mark.parametrize("text", [*NOT_A_NUMBER, "-0.01", "-1", "86400.01", "1e300", "9" * 400, "-" + "9" * 400])
def test_a_bad_timestamp_is_refused(text: str) -> None:
    with pytest.raises(BadValue) as refused:
        parse(frame_of("timestamp", text))
    assert (refused.value.code, refused.value.status) == ("invalid_timestamp", 422)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{}", "invalid_percentage"),
        ('{"timestamp":1}', "invalid_percentage"),
        ('{"watch_percentage":1}', "invalid_timestamp"),
        ('{"percentage":1,"position":1}', "invalid_percentage"),
    ],
)
def test_a_missing_number_is_refused(text: str, code: str) -> None:
    with pytest.raises(BadValue) as refused:
        parse(text)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "true",
        "1",
        '"0-5"',
        "{}",
        '{"0":5}',
        "[0,5]",
        "[null]",
        "[[]]",
        "[[1]]",
        "[[1,2,3]]",
        "[[5,1]]",
        "[[-1,5]]",
        "[[0,86400.01]]",
        "[[86401,86402]]",
        '[["0","5"]]',
        "[[0,true]]",
        "[[false,5]]",
        "[[null,5]]",
        "[[0,NaN]]",
        "[[NaN,5]]",
        "[[0,Infinity]]",
        "[[-Infinity,5]]",
        "[[0,1e999]]",
        "[[[0],[5]]]",
        '[{"from":0,"to":5}]',
        "[[0,5],[5]]",
        "[[0,%s]]" % ("9" * 25),
        "[[0,%s]]" % ("9" * 400),
        "[[-%s,5]]" % ("9" * 400),
    ],
)
def test_malformed_segments_are_refused(text: str) -> None:
    with pytest.raises(BadValue) as refused:
        parse(frame_of("segments", text))
    assert (refused.value.code, refused.value.status) == ("invalid_segments", 422)


def test_segments_of_whole_and_broken_seconds_are_good_even_without_length() -> None:
    assert parse(frame(segments=[[0, 0], [0, LONGEST_SECONDS], [1.25, 2]])).segments == (
        (0.0, 0.0),
        (0.0, LONGEST_SECONDS),
        (1.25, 2.0),
    )


def test_a_tick_has_at_most_five_hundred_segments() -> None:
    segments = parse(frame(segments=[[1, 2]] * MOST_SEGMENTS)).segments
    assert segments is not None
    assert len(segments) == MOST_SEGMENTS
    with pytest.raises(BadValue) as refused:
        parse(frame(segments=[[1, 2]] * (MOST_SEGMENTS + 1)))
    assert refused.value.code == "invalid_segments"


@pytest.mark.parametrize("id", [0, 1, LARGEST_ID])
def test_ids_are_whole_numbers_that_a_browser_can_count(id: int) -> None:
    assert parse(frame(id=id)).id == id


@pytest.mark.parametrize(
    "text", ["-1", "1.5", "12.0", "true", '"12"', "[]", "{}", "NaN", str(2**53), str(2**64), "9" * 400, "1e999"]
)
def test_a_bad_id_is_refused(text: str) -> None:
    with pytest.raises(BadValue) as refused:
        parse(frame_of("id", text))
    assert refused.value.code == "invalid_id"


@pytest.mark.parametrize("player", ["a", "x" * 64, "2f1c-…-ß", "two words"])
def test_a_player_is_a_short_text(player: str) -> None:
    assert parse(frame(player=player)).player == player


@pytest.mark.parametrize("player", ["", "x" * 65, 7, 7.5, True, [], {}, ["a"], "a\x00b", "a\nb", "\ud800"])
def test_a_bad_player_is_refused(player: object) -> None:
    with pytest.raises(BadValue) as refused:
        parse(frame(player=player))
    assert refused.value.code == "invalid_player"
    refused.value.detail.encode()  # what we answer must be text that can be sent


@pytest.mark.parametrize("state", ["playing", "paused", "ended"])
def test_a_player_plays_pauses_or_has_ended(state: str) -> None:
    assert parse(frame(state=state)).state == state


@pytest.mark.parametrize("state", ["", "Playing", "stopped", 1, True, [], {}, ["playing"]])
def test_a_bad_state_is_refused(state: object) -> None:
    with pytest.raises(BadValue) as refused:
        parse(frame(state=state))
    assert refused.value.code == "invalid_state"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "}",
        '{"a":}',
        "{'a':1}",
        '{"a":1,}',
        '{"a":1}{"b":2}',
        "hello",
        "undefined",
        b"\xff\xfe{",
        b"\x00",
        '{"id":%s}' % ("9" * 5000),
        "[" * 100_000,
        '{"a":' * 100_000,
        "[" * 4000 + "]" * 4000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_what_is_no_json_cannot_be_parsed(text: str | bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        parse_object(text)
    assert (refused.value.code, refused.value.status) == ("invalid_json", 400)


@pytest.mark.parametrize("text", ["null", "true", "1", "1.5", '"text"', "[]", '[{"a":1}]', "NaN", "Infinity", "[NaN]"])
def test_json_that_is_no_object_is_no_frame(text: str) -> None:
    with pytest.raises(Unreadable) as refused:
        parse_object(text)
    assert (refused.value.code, refused.value.status) == ("invalid_frame", 400)


def test_text_and_bytes_are_read_alike() -> None:
    assert parse_object('{"a":"ß"}') == parse_object('{"a":"ß"}'.encode()) == {"a": "ß"}


@pytest.mark.parametrize("field", ["watch_percentage", "timestamp", "segments", "id", "player", "state"])
def test_a_deeply_nested_value_is_refused_at_every_depth(field: str) -> None:
    # Python's own limit is near a thousand, and lies elsewhere for reading a text than for showing what it held.
    for depth in range(2, 1400):
        with pytest.raises(Refused):
            parse(frame_of(field, "[" * depth + "]" * depth))


@pytest.mark.parametrize("field", ["watch_percentage", "timestamp", "segments", "id", "player", "state"])
def test_a_refusal_is_a_short_sentence_however_long_the_value(field: str) -> None:
    with pytest.raises(BadValue) as refused:
        parse(frame(**{field: "x" * 5000}))
    assert len(refused.value.detail) < 300


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from([10**25, 10**400, -(10**400), 2**53, -0.0]),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(["watch_percentage", "timestamp", "segments", "id", "player", "state", "x"])


@quickly
@given(st.dictionaries(keys, json_values))
def test_whatever_is_sent_is_a_good_tick_or_a_refusal(fields: dict[str, object]) -> None:
    tick: Tick | Refused
    try:
        tick = parse(frame(**fields))
    except Refused as refused:
        tick = refused
    if isinstance(tick, Refused):
        assert tick.status in {400, 422}
        assert tick.code.startswith("invalid_")
        return
    assert 0 <= tick.percentage <= 100
    assert 0 <= tick.position <= LONGEST_SECONDS
    assert all(0 <= start <= end <= LONGEST_SECONDS for start, end in tick.segments or ())
    assert (tick.segments is None) == ("segments" not in fields)


@quickly
@given(st.text(max_size=40) | st.binary(max_size=40))
def test_whatever_text_is_sent_is_an_object_or_cannot_be_parsed(text: str | bytes) -> None:
    read: dict[str, object] | Unreadable
    try:
        read = parse_object(text)
    except Unreadable as refused:
        read = refused
    assert isinstance(read, dict) or read.code in {"invalid_json", "invalid_frame"}
