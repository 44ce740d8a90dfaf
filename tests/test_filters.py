"""Filters: one meaning for snapshots and live entries; here what they take, and what they let through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.entries import TYPES, Entry, timestamp
from feed.filters import MOST_VALUES, NONE, Filters, parse_filters
from feed.forms import as_frame, parse_form
from progress.refusals import BadValue, Refused
from progress.text import normalised
from progress.ticks import parse_object

quickly = settings(max_examples=150, deadline=None)

AT = datetime(2026, 11, 22, 16, 0, 0, 123456, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def entry(**fields: Any) -> Entry:
    """Ada's completion of a lesson, with these fields other."""
    return {
        "id": "lesson_completed:91",
        "type": "lesson_completed",
        "timestamp": timestamp(AT),
        "user": {"id": 17, "name": "Ada Lovelace"},
        "course": {"id": 3, "slug": "algorithms", "title": "Algorithms"},
        "lesson": {"id": 7, "slug": "bernoulli", "title": "Bernoulli numbers"},
        "data": {"watch_percentage": 92.5},
    } | fields


def matches(given_filters: dict[str, Any], **fields: Any) -> bool:
    """Whether the entry passes what a client gave."""
    return parse_filters(given_filters).match(entry(**fields))


def filters_or_code(given_filters: dict[str, Any]) -> Filters | str:
    """The filters, or the code of the refusal."""
    try:
        return parse_filters(given_filters)
    except BadValue as refused:
        return refused.code


def code_of(given_filters: dict[str, Any]) -> str:
    """The code of the refusal."""
    with pytest.raises(BadValue) as refused:
        parse_filters(given_filters)
    assert refused.value.status == 422
    assert len(refused.value.detail) < 300
    refused.value.detail.encode()
    return refused.value.code


# What absent and empty mean


@pytest.mark.parametrize(
    "nothing",
    [
        {},
        {"type": None, "course": None, "student": None, "q": None, "since": None, "until": None},
        {"type": [], "course": [], "student": [], "q": [], "since": [], "until": []},
        {"type": "", "course": "", "student": "", "q": "", "since": "", "until": ""},
        {"type": [""], "course": [""], "student": ["", ""], "q": [""], "since": [""], "until": [""]},
        {"q": "   "},
        {"unknown": "filter"},
    ],
)
def test_absent_or_empty_filters_let_everything_through(nothing: dict[str, Any]) -> None:
    filters = parse_filters(nothing)
    assert filters == NONE
    assert not filters
    assert filters.match(entry())
    assert filters.match(entry(lesson=None))


def test_any_filter_is_true() -> None:
    for given_filters in ({"type": "exam_attempt"}, {"course": 3}, {"student": 1}, {"q": "ada"}, {"since": AT}):
        assert parse_filters(given_filters)


def test_filters_from_a_url_and_from_a_frame_are_equal_values() -> None:
    url = {"type": ["exam_attempt", "lesson_completed"], "course": ["3", "03"], "student": ["17"], "q": ["Ada  B"]}
    frame = {"type": ["lesson_completed", "exam_attempt"], "course": 3, "student": [17], "q": "b ada"}
    assert parse_filters(url) == parse_filters(frame)
    assert hash(parse_filters(url)) == hash(parse_filters(frame))


def test_the_same_moment_in_two_time_zones_is_an_equal_value() -> None:
    one, other = parse_filters({"since": "2026-11-22T16:00:00Z"}), parse_filters({"since": "2026-11-22T17:00:00+01:00"})
    assert one == other
    assert hash(one) == hash(other)


# OR inside, AND between


def test_repeated_values_are_or() -> None:
    assert matches({"type": ["exam_attempt", "lesson_completed"]})
    assert not matches({"type": ["exam_attempt", "progress_update"]})
    assert matches({"course": [2, 3]})
    assert not matches({"course": [2, 4]})
    assert matches({"student": ["16", "17"]})
    assert not matches({"student": ["7", "1"]})


def test_different_filters_are_and() -> None:
    right = {
        "type": ["lesson_completed"],
        "course": [3],
        "student": [17],
        "q": "ada",
        "since": AT,
        "until": AT + TICK,
    }
    assert matches(right)
    wrong = {
        "type": ["exam_attempt"],
        "course": [4],
        "student": [18],
        "q": "grace",
        "since": AT + TICK,
        "until": AT,
    }
    for name, value in wrong.items():
        assert not matches(right | {name: value}), name


@pytest.mark.parametrize("type", TYPES)
def test_each_type_can_be_filtered(type: str) -> None:
    others = [other for other in TYPES if other != type]
    assert matches({"type": type}, type=type)
    assert not matches({"type": others}, type=type)


# since <= t < until


@pytest.mark.parametrize(
    ("bounds", "passes"),
    [
        ({"since": AT}, True),
        ({"since": AT - TICK}, True),
        ({"since": AT + TICK}, False),
        ({"until": AT}, False),
        ({"until": AT + TICK}, True),
        ({"until": AT - TICK}, False),
        ({"since": AT, "until": AT}, False),
        ({"since": AT, "until": AT + TICK}, True),
        ({"since": AT + TICK, "until": AT}, False),
        ({"since": "2026-11-22T16:00:00.123456Z"}, True),
        ({"since": "2026-11-22T16:00:00.123457Z"}, False),
        ({"since": "2026-11-22T17:00:00.123456+01:00", "until": "2026-11-22T11:00:00.123457-05:00"}, True),
        ({"since": "2026-11-22T16:00:00Z", "until": "2026-11-22T16:00:01Z"}, True),
        ({"since": "20261122T160000Z"}, True),
    ],
)
def test_since_is_included_and_until_is_not(bounds: dict[str, Any], passes: bool) -> None:
    assert matches(bounds) is passes


zones = st.integers(min_value=-14 * 60, max_value=14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(9000, 1, 1), timezones=zones)  # noqa: DTZ001 - zones follow


@quickly
@given(moments, moments, moments)
def test_moments_are_compared_as_moments_whatever_their_zones(at: datetime, since: datetime, until: datetime) -> None:
    bounds = {"since": since.isoformat(), "until": until.isoformat()}
    assert matches(bounds, timestamp=timestamp(at)) == (since <= at < until)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("since", "0999-01-01T00:00:00Z"),
        ("since", "0001-01-01T00:00:00Z"),
        ("since", "0001-01-01T00:00:00+05:00"),
        ("until", "9999-12-31T23:59:59.999999Z"),
        ("until", "9999-12-31T23:59:59.999999-05:00"),
    ],
)
def test_a_moment_at_the_edge_of_the_calendar_is_refused_or_understood(name: str, text: str) -> None:
    # Whatever was accepted meets every live entry of a group later, for all its viewers: there it may not fail.
    filters = filters_or_code({name: text})
    assert filters == f"invalid_{name}" if isinstance(filters, str) else filters.match(entry())


# Text


@pytest.mark.parametrize(
    ("q", "passes"),
    [
        ("ada", True),
        ("ADA", True),
        ("lovelace", True),
        ("love", True),
        ("elac", True),
        ("ada lovelace", True),
        ("lovelace ada", True),
        ("ada bernoulli", True),
        ("ada algo numb", True),
        ("  ada   \t numbers ", True),
        ("grace", False),
        ("ada grace", False),
        ("adalovelace", False),
        ("lovelacealgorithms", False),
        ("completed", False),
        ("bernoulli-numbers", False),
        ("%da", False),
        ("a_a", False),
        ("a.a", False),
        (".*a", False),
    ],
)
def test_each_word_is_part_of_the_person_the_course_or_the_lesson(q: str, passes: bool) -> None:
    assert matches({"q": q}) is passes


@pytest.mark.parametrize(
    ("name", "q"),
    [
        ("Sophie ﬁnch", "finch"),
        ("Sophie Finch", "ﬁnch"),
        ("Karl STRAẞER", "strasser"),
        ("Karl Strasser", "straßer"),
        ("Karl Straßer", "STRASSER"),
        ("Zoe\u0301", "zo\u00e9"),
        ("Zo\u00e9", "ZOE\u0301"),
        ("Ｔａｒｏ Yamada", "taro"),
        ("Taro Yamada", "ｙａｍａｄａ"),
        ("ヤマダ タロウ", "ﾀﾛｳ"),
        ("Ὀδυσσεύς", "ὈΔΥΣΣΕΎΣ"),
        ("Ada\u00a0Lovelace", "ada lovelace"),
    ],
)
def test_texts_that_read_alike_are_found(name: str, q: str) -> None:
    assert matches({"q": q}, user={"id": 1, "name": name})


def test_an_accent_is_not_left_out() -> None:
    assert not matches({"q": "zoe"}, user={"id": 1, "name": "Zoé"})


def test_an_entry_without_a_lesson_is_searched_by_person_and_course() -> None:
    assert matches({"q": "ada algorithms"}, lesson=None)
    assert not matches({"q": "bernoulli"}, lesson=None)


@quickly
@given(st.text(max_size=40), st.integers(0, 40), st.integers(0, 40))
def test_any_part_of_a_name_finds_the_person(name: str, start: int, end: int) -> None:
    part = normalised(name)[start:end]
    if 3 <= len(normalised(part)) <= 100 and "\x00" not in part and normalised(part) == part:
        assert matches({"q": part}, user={"id": 1, "name": name})


@pytest.mark.parametrize("q", ["abc", "a" * 100, "a b", "  abc  ", "ß" * 50, "数学と"])
def test_a_search_of_three_to_a_hundred_characters_is_good(q: str) -> None:
    assert parse_filters({"q": q}).words


@pytest.mark.parametrize(
    "q",
    ["a", "ab", " ab ", "数学", "a" * 101, "ß" * 51, "ﷺ" * 50, 5, True, ["abc", "def"], {"a": 1}, [None], "ab\x00c"],
)
def test_a_bad_search_is_refused(q: Any) -> None:
    assert code_of({"q": q}) == "invalid_q"


# Bad values


@pytest.mark.parametrize(
    "type", ["x", "lesson", "LESSON_COMPLETED", "lesson_completed,exam_attempt", " lesson_completed", 1, True, {}, [[]]]
)
def test_an_unknown_type_is_refused(type: Any) -> None:
    assert code_of({"type": type}) == "invalid_type"
    assert code_of({"type": ["exam_attempt", type]}) == "invalid_type"


@pytest.mark.parametrize("name", ["course", "student"])
@pytest.mark.parametrize(
    "value",
    [
        "x",
        "-1",
        -1,
        "1.5",
        1.0,
        True,
        False,
        "+1",
        " 1",
        "1 ",
        "1_0",
        "0x1",
        "1e3",
        "٣",
        "²",
        "algorithms",
        {},
        [[1]],
        [None],
        2**63,
        str(2**63),
        10**400,
        "9" * 5000,
        "1\n",
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_id_is_refused(name: str, value: Any) -> None:
    assert code_of({name: value}) == f"invalid_{name}"


def test_ids_as_large_as_the_database_counts_are_good() -> None:
    assert parse_filters({"course": 2**63 - 1}).courses == {2**63 - 1}


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize(
    "value",
    [
        "x",
        "yesterday",
        "2026-11-22",
        "2026-11-22T16:00:00",
        "2026-11-22T16:00:00 01:00",  # a plus that came through a URL as a space
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-22T25:00:00Z",
        "1795363200",
        1795363200,
        1.5,
        True,
        {},
        ["2026-11-22T16:00:00Z", "2026-11-23T16:00:00Z"],
        datetime(2026, 11, 22),  # noqa: DTZ001 - a moment without its zone is what must be refused
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_moment_with_its_offset_is_refused(name: str, value: Any) -> None:
    assert code_of({name: value}) == f"invalid_{name}"


@pytest.mark.parametrize("name", ["type", "course", "student"])
def test_a_filter_has_at_most_a_hundred_values(name: str) -> None:
    value = "exam_attempt" if name == "type" else "1"
    assert parse_filters({name: [value] * MOST_VALUES})
    assert code_of({name: [value] * (MOST_VALUES + 1)}) == f"invalid_{name}"


@pytest.mark.parametrize("name", ["type", "course", "student", "q", "since", "until"])
def test_a_deeply_nested_value_is_refused_at_every_depth(name: str) -> None:
    # Python's own limit is near a thousand, and lies elsewhere for reading a text than for showing what it held.
    for depth in range(2, 1400):
        with pytest.raises(Refused):
            parse_filters(parse_object(f'{{"{name}":{"[" * depth + "]" * depth}}}'))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from(TYPES),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=6,
)


@quickly
@given(st.dictionaries(st.sampled_from(["type", "course", "student", "q", "since", "until"]), json_values))
def test_whatever_is_given_is_filters_or_refused(given_filters: dict[str, Any]) -> None:
    filters = filters_or_code(given_filters)
    if isinstance(filters, str):
        assert filters in {f"invalid_{name}" for name in given_filters}
    else:
        assert filters.match(entry()) in {True, False}


# The form of the students page, and the way from its filters to a frame


good_filters = st.fixed_dictionaries(
    {},
    optional={
        "type": st.lists(st.sampled_from(TYPES), max_size=3),
        "course": st.lists(st.integers(min_value=1, max_value=2**63 - 1), max_size=3),
        "student": st.lists(st.integers(min_value=1, max_value=2**63 - 1), max_size=3),
        "q": st.lists(
            st.sampled_from(["ada", "ab", "a", "ß", "Zoe\u0301", "ﬁnch", "数学"]), min_size=2, max_size=5
        ).map(" ".join),
        "since": moments.map(datetime.isoformat),
        "until": moments.map(datetime.isoformat),
    },
)


@quickly
@given(good_filters)
def test_filters_sent_on_as_a_frame_mean_the_same(given_filters: dict[str, Any]) -> None:
    filters = filters_or_code(given_filters)
    assert filters == "invalid_q" if isinstance(filters, str) else parse_filters(as_frame(filters)) == filters


@pytest.mark.parametrize("q", ["ab ab", "a a", "AB ab Ab"])
def test_a_word_said_twice_is_either_refused_or_good_in_the_frame_too(q: str) -> None:
    filters = filters_or_code({"q": q})
    assert filters == "invalid_q" if isinstance(filters, str) else parse_filters(as_frame(filters)) == filters


def test_what_is_not_filtered_is_left_out_of_the_frame() -> None:
    assert as_frame(NONE) == {}
    assert as_frame(Filters(courses=frozenset({4, 3}), words=("ada", "b"))) == {"course": [3, 4], "q": "ada b"}


def form(query: str, *, zone: str = "UTC") -> tuple[Any, Filters, BadValue | None]:
    """The form as a viewer of this time zone sends it."""
    viewer: Any = SimpleNamespace(time_zone=zone)
    return parse_form(QueryDict(query), viewer)


def test_an_empty_form_filters_nothing() -> None:
    shown, filters, error = form("")
    assert shown == {"type": [], "course": [], "student": [], "q": "", "since": "", "until": ""}
    assert (filters, error) == (NONE, None)


def test_a_form_shows_again_what_was_given() -> None:
    shown, filters, error = form("type=exam_attempt&type=progress_update&course=3&student=17&q=+Ada+&since=2026-11-22")
    assert shown == {
        "type": ["exam_attempt", "progress_update"],
        "course": ["3"],
        "student": ["17"],
        "q": "Ada",
        "since": "2026-11-22",
        "until": "",
    }
    assert filters.types == {"exam_attempt", "progress_update"}
    assert error is None


@pytest.mark.parametrize(
    ("zone", "since", "until"),
    [
        ("UTC", datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 11, 21, 23, tzinfo=UTC), datetime(2026, 11, 22, 23, tzinfo=UTC)),
        ("Asia/Kolkata", datetime(2026, 11, 21, 18, 30, tzinfo=UTC), datetime(2026, 11, 22, 18, 30, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 22, 5, tzinfo=UTC), datetime(2026, 11, 23, 5, tzinfo=UTC)),
        ("Nowhere/Atall", datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
        ("../../etc/passwd", datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
        ("", datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
    ],
)
def test_a_day_begins_and_ends_in_the_viewers_time_zone(zone: str, since: datetime, until: datetime) -> None:
    _, filters, error = form("since=2026-11-22&until=2026-11-22", zone=zone)
    assert (filters.since, filters.until, error) == (since, until, None)


def test_a_day_of_twenty_three_hours_is_one_day() -> None:
    _, filters, _ = form("since=2026-03-29&until=2026-03-29", zone="Europe/Berlin")
    assert filters.since is not None
    assert filters.until is not None
    assert filters.until - filters.since == timedelta(hours=23)
    assert filters.since == datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/Berlin"))


def test_a_moment_in_the_form_is_the_moment() -> None:
    _, filters, _ = form("since=2026-11-22T16:00:00Z&until=2026-11-22T17:00:00%2B01:00", zone="Asia/Kolkata")
    assert filters.since == filters.until == datetime(2026, 11, 22, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("type=x&course=3", "invalid_type"),
        ("course=algorithms", "invalid_course"),
        ("student=-1", "invalid_student"),
        ("q=ab", "invalid_q"),
        ("since=2026-02-30", "invalid_since"),
        ("until=tomorrow", "invalid_until"),
        ("course=" + "9" * 5000, "invalid_course"),
    ],
    ids=lambda text: text[:24],
)
def test_a_form_with_a_wrong_value_filters_nothing_and_says_what_is_wrong(query: str, code: str) -> None:
    _, filters, error = form(query)
    assert error is not None
    assert error.code == code
    assert filters == NONE


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize(
    "query", ["until=9999-12-31", "since=0001-01-01", "since=9999-12-31", "until=0001-01-01", "since=0999-01-01"]
)
def test_a_day_at_the_edge_of_the_calendar_breaks_nothing(query: str, zone: str) -> None:
    _, filters, error = form(query, zone=zone)
    assert error is None or error.code in {"invalid_since", "invalid_until"}
    if error is None:
        # The entry is of 2026: what is since the first or until the last day of the calendar has it.
        assert filters.match(entry()) == (query in {"until=9999-12-31", "since=0001-01-01", "since=0999-01-01"})
