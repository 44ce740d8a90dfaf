"""When somebody needs attention: the rules, by table and at their boundaries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from feed.attention import rules
from feed.attention.dismissals import SAME_PART, SAME_SITTING, still_holds
from feed.attention.findings import Finding, most_urgent_first
from feed.attention.listing import id_of, parse_id
from feed.attention.rules import Part, Play, stuck_part
from feed.attention.sentences import clock, reason
from progress.attention import Kind
from progress.models import AttentionDismissal
from progress.refusals import NotFound

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def plays(*stretches: tuple[float, float]) -> list[Play]:
    """Stretches as they were played, a minute apart."""
    return [Play(start, end, NOW - timedelta(minutes=25 - n)) for n, (start, end) in enumerate(stretches)]


@pytest.mark.parametrize(
    ("stretches", "part"),
    [
        ([], None),
        ([(0, 100)], None),
        ([(70, 100)] * 2, None),
        ([(70, 100)] * 3, (70, 100, 3)),
        ([(0, 100), (70, 100), (70, 100)], (70, 100, 3)),
        ([(70, 74.9)] * 3, None),
        ([(70, 75)] * 3, (70, 75, 3)),
        # A blink between two reports is no gap; two seconds are one.
        ([(70, 73), (73.5, 77)] * 3, (70, 77, 3)),
        ([(70, 73), (75, 78)] * 3, None),
        # Edges that move: what all have in common.
        ([(70, 100), (72, 101), (68, 98)], (72, 98, 3)),
        # The part on which most time was spent.
        ([(10, 20)] * 3 + [(50, 70)] * 3, (50, 70, 3)),
        ([(10, 20)] * 9 + [(50, 70)] * 3, (10, 20, 9)),
        # The core, where it is at least half of the part.
        ([(70, 90)] * 3 + [(75, 85)] * 2, (75, 85, 5)),
        ([(70, 90)] * 3 + [(75, 80)] * 2, (70, 90, 3)),
    ],
)
def test_stuck_is_who_plays_the_same_seconds_three_times(
    stretches: list[tuple[float, float]], part: tuple[float, float, int] | None
) -> None:
    found = stuck_part(plays(*stretches))
    assert (found and found[:3]) == part


def test_a_part_is_stuck_since_it_was_first_played() -> None:
    found = stuck_part(plays((0, 10), (70, 100), (70, 100), (70, 100)))
    assert found == Part(70, 100, 3, NOW - timedelta(minutes=24))


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 60)), max_size=12))
def test_every_second_of_the_part_was_played_as_often_as_is_said(stretches: list[tuple[int, int]]) -> None:
    played = plays(*[(start, start + length) for start, length in stretches])
    depth = [sum(play.start <= second < play.end for play in played) for second in range(121)]
    found = stuck_part(played)
    if found is None:
        # No five seconds in a row, a blink between them or not, were played three times.
        assert "5" not in "".join("5" if all(n >= 3 for n in depth[at : at + 5]) else "0" for at in range(116))
        return
    assert found.end - found.start >= rules.STUCK_SECONDS
    inside = depth[int(found.start) : int(found.end)]
    # Two parts with a second between them are one.
    assert sum(n < found.times for n in inside) <= len(inside) / 5
    assert found.times >= rules.STUCK_TIMES


@pytest.mark.parametrize(
    ("minutes", "percentage", "expected"),
    [(3, 50, True), (2.99, 50, False), (3, 5, True), (3, 4.99, False), (3, 90, False), (3, 89.99, True)],
)
def test_idle_is_who_sits_in_the_middle_for_three_minutes(minutes: float, percentage: float, expected: bool) -> None:
    since = NOW - timedelta(minutes=minutes)
    assert rules.is_idle_in_the_middle(since=since, now=NOW, percentage=percentage, threshold=90) is expected


@pytest.mark.parametrize(
    ("passed", "fails"),
    [([], 0), ([False], 0), ([False, False], 2), ([False] * 5, 5), ([False, False, True], 0), ([True, False], 0)],
)
def test_a_quiz_is_failed_again_with_the_second_attempt_unless_one_passed(passed: list[bool], fails: int) -> None:
    assert rules.failed_again(passed) == fails


@pytest.mark.parametrize(("days", "gone"), [(2.99, False), (3, True), (59.99, True), (60, False)])
def test_gone_is_from_three_days_to_sixty(days: float, gone: bool) -> None:
    assert rules.is_gone(NOW - timedelta(days=days), now=NOW) is gone


@pytest.mark.parametrize(
    ("done", "median", "students", "behind"),
    [
        (2, 4, 5, True),
        (2, 4, 4, False),  # of so few the middle says nothing
        (3, 4, 5, False),  # one lesson
        (0, 2, 5, True),
        (0, 1, 5, False),
        (5, 10, 5, True),
        (6, 10, 5, False),  # more than half as far
        (4, 4, 50, False),
        (9, 4, 50, False),
    ],
)
def test_behind_is_two_lessons_and_half_the_median(done: int, median: int, students: int, behind: bool) -> None:
    assert rules.is_behind(done, median=median, students=students) is behind


def finding(kind: Kind, *, episode: int = 3, ago: timedelta = timedelta(), user: int = 1, **figures: int) -> Finding:
    return Finding(kind, user, 2, None if kind == Kind.BEHIND else 7, NOW - ago, episode, figures)


def said(episode: int, *, ago: timedelta = timedelta(), until: datetime | None = None) -> AttentionDismissal:
    return AttentionDismissal(episode=episode, at=NOW - ago, until=until)


@pytest.mark.parametrize(
    ("kind", "episode", "dismissal", "holds"),
    [
        (Kind.QUIZ_FAILED, 3, said(3), True),
        (Kind.QUIZ_FAILED, 4, said(3), False),  # failed once more
        (Kind.QUIZ_FAILED, 2, said(3), True),  # an attempt was withdrawn: nothing new
        (Kind.GONE, 1000, said(1000, ago=timedelta(days=50)), True),
        (Kind.GONE, 2000, said(1000), False),  # came back and went again
        (Kind.BEHIND, 4, said(3), False),  # fell further behind
        (Kind.BEHIND, 2, said(3), True),
        (Kind.QUIZ_FAILED, 3, said(3, until=NOW), False),
        (Kind.QUIZ_FAILED, 3, said(3, until=NOW + timedelta(seconds=1)), True),
        (Kind.STUCK, 100, said(100 + SAME_PART), True),
        (Kind.STUCK, 100, said(100 - SAME_PART - 1), False),  # another part
        (Kind.STUCK, 100, said(100, ago=SAME_SITTING - timedelta(seconds=1)), True),
        (Kind.STUCK, 100, said(100, ago=SAME_SITTING), False),  # on another day
        (Kind.STUCK, 100, said(100, ago=timedelta(days=1), until=NOW + timedelta(days=6)), True),
    ],
)
def test_a_dismissal_holds_until_something_new_happens(
    kind: Kind, episode: int, dismissal: AttentionDismissal, holds: bool
) -> None:
    assert still_holds(dismissal, finding(kind, episode=episode), now=NOW) is holds


def test_who_is_here_now_comes_first_and_then_what_began_last() -> None:
    behind = finding(Kind.BEHIND, done=0, median=5), finding(Kind.BEHIND, user=9, done=0, median=9)
    fails = finding(Kind.QUIZ_FAILED, ago=timedelta(hours=2)), finding(Kind.QUIZ_FAILED, ago=timedelta(hours=1))
    order = [finding(Kind.STUCK), finding(Kind.IDLE), fails[1], fails[0], finding(Kind.GONE), behind[1], behind[0]]
    assert sorted([*behind, *reversed(order[:5])], key=most_urgent_first) == order


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        (
            finding(Kind.STUCK, start=70, end=4000, times=3),
            "The part from 1:10 to 1:06:40 was played at least 3 times within half an hour.",
        ),
        (
            finding(Kind.IDLE, ago=timedelta(minutes=6.5), percent=42),
            "The lesson is open at 42% and nothing has moved for 6 minutes.",
        ),
        (
            finding(Kind.QUIZ_FAILED, fails=2, score=40, mark=70),
            "The quiz was failed 2 times; the newest score is 40%, and 70% are needed.",
        ),
        (
            finding(Kind.GONE, ago=timedelta(days=5.9), percent=42),
            "The lesson stands at 42%, and nothing of the course was opened for 5 days.",
        ),
        (
            finding(Kind.BEHIND, done=1, median=4, students=12),
            "1 lesson is completed; at least half of the 12 students have 4 or more.",
        ),
        (
            finding(Kind.BEHIND, done=0, median=4, students=12),
            "No lesson is completed; at least half of the 12 students have 4 or more.",
        ),
    ],
)
def test_every_reason_is_a_whole_sentence(what: Finding, sentence: str) -> None:
    with translation.override("en"):
        assert reason(what, now=NOW) == sentence


def test_every_kind_has_a_sentence_an_urgency_and_an_id_that_is_read_back() -> None:
    figures = {"start": 1, "end": 2, "times": 3, "percent": 4, "fails": 5, "score": 6, "mark": 7, "done": 8}
    for kind in Kind:
        found = finding(kind, **figures, median=9, students=10)
        assert reason(found, now=NOW).endswith(".")
        assert parse_id(id_of(found.subject)) == found.subject


@pytest.mark.parametrize(
    "text", ["", "gone.1.2.7", "gone.1.2.7.-3", "lost.1.2.7.3", "gone.1.2.7.3 ", "gone.1.2.7.3.4", "gone.٣.2.7.3"]
)
def test_what_is_no_id_names_nothing(text: str) -> None:
    with pytest.raises(NotFound):
        parse_id(text)


def test_places_in_a_lesson_are_minutes_and_seconds() -> None:
    assert [clock(seconds) for seconds in (0, 9, 70, 3599, 3600)] == ["0:00", "0:09", "1:10", "59:59", "1:00:00"]
