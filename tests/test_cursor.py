"""Cursors and the order of entries: a keyset that loses no tie."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.cursor import Cursor, after, parse_cursor
from feed.entries import TYPES, Entry, entry_id, key, timestamp
from progress.refusals import BadValue

quickly = settings(max_examples=150, deadline=None)

AT = datetime(2026, 11, 22, 16, 0, 0, 123456, tzinfo=UTC)

zones = st.integers(min_value=-14 * 60, max_value=14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2999, 1, 1), timezones=zones)  # noqa: DTZ001 - zones follow
types = st.sampled_from(TYPES)
pks = st.integers(min_value=1, max_value=2**63 - 1)


def entry(at: datetime, type: str, pk: int) -> Entry:
    """As much of an entry as its place in the order depends on."""
    return {"id": entry_id(type, pk), "type": type, "timestamp": timestamp(at)}


def coded(text: str) -> str:
    """A text as cursors are coded."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_an_id_is_the_type_and_the_primary_key() -> None:
    assert entry_id("lesson_completed", 91) == "lesson_completed:91"


def test_types_are_listed_as_ascii_text_sorts_them() -> None:
    assert list(TYPES) == sorted(TYPES)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (AT, "2026-11-22T16:00:00.123456Z"),
        (AT.replace(microsecond=0), "2026-11-22T16:00:00.000000Z"),
        (AT.replace(microsecond=1), "2026-11-22T16:00:00.000001Z"),
        (AT.astimezone(timezone(timedelta(hours=5, minutes=30))), "2026-11-22T16:00:00.123456Z"),
    ],
)
def test_a_timestamp_is_utc_with_six_decimals(moment: datetime, text: str) -> None:
    assert timestamp(moment) == text


@quickly
@given(moments, moments)
def test_timestamps_sort_as_texts_as_their_moments_do(one: datetime, other: datetime) -> None:
    assert (timestamp(one) < timestamp(other)) == (one < other)
    assert (timestamp(one) == timestamp(other)) == (one == other)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", timestamp(one))


@quickly
@given(st.lists(st.tuples(moments, types, pks), max_size=10))
def test_entries_are_ordered_by_timestamp_type_and_number(rows: list[tuple[datetime, str, int]]) -> None:
    entries = [entry(*row) for row in rows]
    by_value = sorted(rows, key=lambda row: (row[0].astimezone(UTC), row[1].encode("ascii"), row[2]), reverse=True)
    assert sorted(entries, key=key, reverse=True) == [entry(*row) for row in by_value]


def test_numbers_are_compared_as_numbers() -> None:
    assert key(entry(AT, "exam_attempt", 10)) > key(entry(AT, "exam_attempt", 9))


@quickly
@given(moments, types, pks)
def test_a_cursor_comes_back_as_the_row_it_was_made_of(at: datetime, type: str, pk: int) -> None:
    text = after(entry(at, type, pk))
    assert parse_cursor(text) == Cursor(at.astimezone(UTC), type, pk)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)  # as it is in a URL


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "=",
        "====",
        "!!!",
        "null",
        "ä",
        "\x00",
        "a" * 10_000,
        coded(""),
        coded("||"),
        coded("2026-11-22T16:00:00.123456Z|lesson_completed"),
        coded("2026-11-22T16:00:00.123456Z|lesson_completed|"),
        coded("2026-11-22T16:00:00.123456Z|lesson_completed|1|2"),
        coded("2026-11-22T16:00:00.123456Z|lesson_completed|x"),
        coded("2026-11-22T16:00:00.123456Z|lesson_completed|-1"),
        coded("2026-11-22T16:00:00.123456Z|lesson_completed|1.5"),
        coded(f"2026-11-22T16:00:00.123456Z|lesson_completed|{2**63}"),
        coded("2026-11-22T16:00:00.123456Z|lesson_completed|" + "9" * 5000),
        coded("2026-11-22T16:00:00.123456Z|lesson_started|1"),
        coded("2026-11-22T16:00:00.123456Z||1"),
        coded("2026-11-22T16:00:00.123456|lesson_completed|1"),
        coded("2026-11-22|lesson_completed|1"),
        coded("2026-13-22T16:00:00.123456Z|lesson_completed|1"),
        coded("yesterday|lesson_completed|1"),
        coded("lesson_completed:1"),
        coded("ä|lesson_completed|1"),
    ],
    ids=lambda text: repr(text[:20]),
)
def test_what_no_page_gave_is_no_cursor(text: str) -> None:
    with pytest.raises(BadValue) as refused:
        parse_cursor(text)
    assert (refused.value.code, refused.value.status) == ("invalid_cursor", 422)


@quickly
@given(st.text(max_size=80) | st.text(max_size=60).map(coded) | st.binary(max_size=60).map(base64.b64encode))
def test_whatever_is_given_is_a_cursor_or_refused(text: str | bytes) -> None:
    parsed: Cursor | BadValue
    try:
        parsed = parse_cursor(text if isinstance(text, str) else text.decode())
    except BadValue as refused:
        parsed = refused
    assert parsed.type in TYPES if isinstance(parsed, Cursor) else parsed.code == "invalid_cursor"
