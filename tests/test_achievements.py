"""The rules of achievements and milestones: by table, and by what must hold for whatever a student did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from progress.achievements import (
    MILESTONES,
    RULES,
    Achievement,
    Attempt,
    Completion,
    Facts,
    achievements,
    in_words,
    milestones,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


def completed(*moments: datetime, course: int = 1) -> list[Completion]:
    """Lessons of one course, completed at these moments."""
    return [Completion(at, course) for at in moments]


def daily(count: int, begin: datetime = NOON) -> list[datetime]:
    """The same hour of as many days."""
    return [begin + DAY * number for number in range(count)]


def attempt(at: datetime = NOON, *, exam: bool = False, number: int = 1, score: float = 100, paper: int = 1) -> Attempt:
    """An attempt that passes from 70 percent on."""
    return Attempt(at, exam, paper, number, score, score >= 70)


def of(facts: Facts, key: str) -> Achievement:
    """One achievement."""
    [found] = [each for each in achievements(facts) if each.rule.key == key]
    return found


# What was done, by the moment "now", and when the achievement was earned; None: not.
TABLE: list[tuple[str, Facts, datetime | None, tuple[int, int]]] = [
    ("first_lesson", Facts(), None, (0, 1)),
    ("first_lesson", Facts(completed(NOON, NOON + DAY)), NOON, (1, 1)),
    ("ten_lessons", Facts(completed(*daily(9))), None, (9, 10)),
    ("ten_lessons", Facts(completed(*daily(12))), NOON + 9 * DAY, (10, 10)),
    ("fifty_lessons", Facts(completed(*[NOON] * 49)), None, (49, 50)),
    ("fifty_lessons", Facts(completed(*[NOON] * 50)), NOON, (50, 50)),
    ("streak_3", Facts(completed(*daily(3)), now=NOON + 9 * DAY), NOON + 2 * DAY, (3, 3)),
    ("streak_3", Facts(completed(*daily(2)), now=NOON + DAY), None, (2, 3)),
    ("streak_3", Facts(completed(*daily(2)), now=NOON + 2 * DAY), None, (2, 3)),  # it may still go on today
    ("streak_3", Facts(completed(*daily(2)), now=NOON + 3 * DAY), None, (0, 3)),  # a day was left out
    ("streak_3", Facts(completed(NOON, NOON, NOON), now=NOON), None, (1, 3)),  # three lessons, one day
    ("streak_7", Facts(completed(*daily(3), *daily(4, NOON + 4 * DAY)), now=NOON + 7 * DAY), None, (4, 7)),
    ("streak_7", Facts(completed(*daily(8))), NOON + 6 * DAY, (7, 7)),
    ("streak_30", Facts(completed(*daily(29)), now=NOON + 28 * DAY), None, (29, 30)),
    ("streak_30", Facts(completed(*daily(30)), now=NOON + 29 * DAY), NOON + 29 * DAY, (30, 30)),
    ("course", Facts(lessons={1: 2}), None, (0, 2)),
    ("course", Facts(), None, (0, 1)),
    ("course", Facts(completed(NOON), lessons={1: 3, 2: 9}), None, (1, 3)),  # the nearest one counts
    ("course", Facts(completed(*daily(2)), lessons={1: 2}), NOON + DAY, (2, 2)),
    ("course", Facts([Completion(NOON, 1, ready=False)], lessons={1: 1}), None, (0, 1)),
    ("course", Facts(completed(NOON), lessons={1: 0}), None, (0, 1)),  # no lesson is left of it
    ("perfect_quiz", Facts(attempts=[attempt()]), NOON, (1, 1)),
    ("perfect_quiz", Facts(attempts=[attempt(number=2)]), None, (0, 1)),
    ("perfect_quiz", Facts(attempts=[attempt(score=99.99)]), None, (0, 1)),
    ("perfect_quiz", Facts(attempts=[attempt(exam=True)]), None, (0, 1)),
    ("perfect_exam", Facts(attempts=[attempt(exam=True, number=2), attempt()]), None, (0, 1)),
    ("perfect_exam", Facts(attempts=[attempt(exam=True)]), NOON, (1, 1)),
    ("after_failing", Facts(attempts=[attempt(score=0), attempt(NOON + DAY, number=2, score=70)]), NOON + DAY, (1, 1)),
    ("after_failing", Facts(attempts=[attempt(score=0), attempt(NOON + DAY, paper=2)]), None, (0, 1)),
    ("after_failing", Facts(attempts=[attempt(score=0), attempt(NOON + DAY, exam=True)]), None, (0, 1)),
    ("after_failing", Facts(attempts=[attempt(), attempt(NOON + DAY, number=2, score=0)]), None, (0, 1)),
    ("exam", Facts(attempts=[attempt(exam=True, score=70)]), NOON, (1, 1)),
    ("exam", Facts(attempts=[attempt(exam=True, score=69)]), None, (0, 1)),
    ("exam", Facts(attempts=[attempt()]), None, (0, 1)),
    ("certificate", Facts(certificates=[NOON]), NOON, (1, 1)),
    ("certificate", Facts(), None, (0, 1)),
    ("early_bird", Facts(completed(NOON.replace(hour=7, minute=59))), NOON.replace(hour=7, minute=59), (1, 1)),
    ("early_bird", Facts(completed(NOON.replace(hour=8), NOON.replace(hour=3))), None, (0, 1)),
    ("night_owl", Facts(completed(NOON.replace(hour=22))), NOON.replace(hour=22), (1, 1)),
    ("night_owl", Facts(completed(NOON.replace(hour=3))), NOON.replace(hour=3), (1, 1)),
    ("night_owl", Facts(completed(NOON.replace(hour=4))), None, (0, 1)),
]


@pytest.mark.parametrize(("key", "facts", "at", "far"), TABLE)
def test_what_is_earned_and_how_far_the_rest_is(
    key: str, facts: Facts, at: datetime | None, far: tuple[int, int]
) -> None:
    found = of(facts, key)
    assert (found.reached.at, (found.reached.done, found.reached.target)) == (at, far)
    assert found.earned == (at is not None)


def test_the_table_has_each_rule_earned_and_not() -> None:
    assert {(key, at is not None) for key, _, at, _ in TABLE} == {
        (rule.key, earned) for rule in RULES for earned in (True, False)
    }
    assert len({rule.key for rule in RULES}) == len(RULES)


def test_days_begin_where_the_student_lives() -> None:
    late = [datetime(2026, 3, 27 + day, 23, 30, tzinfo=BERLIN) for day in range(3)]  # clocks go forward on the 29th
    facts = Facts(completed(*late), zone=BERLIN, now=late[-1])
    assert of(facts, "streak_3").reached.at == late[-1]
    early = [datetime(2026, 3, 27, 0, 30, tzinfo=BERLIN), datetime(2026, 3, 27, 23, 30, tzinfo=BERLIN)]
    assert of(Facts(completed(*early), zone=BERLIN, now=early[-1]), "streak_3").reached.done == 1
    assert of(Facts(completed(*early), now=early[-1]), "streak_3").reached.done == 2  # in UTC that is two days


def test_how_far_one_is_is_said_in_words() -> None:
    four = Facts(completed(*daily(4)), now=NOON + 3 * DAY)
    assert of(four, "streak_7").progress == "4 of 7 days"
    assert of(four, "ten_lessons").progress == "4 of 10 lessons"
    assert of(Facts(), "first_lesson").progress == "0 of 1 lesson"
    assert of(Facts(), "exam").progress == "Not yet"
    assert in_words(achievements(four)) == f"2 of {len(RULES)} earned"


@pytest.mark.parametrize(
    ("lessons", "done", "reached"),
    [(4, 0, []), (4, 1, [25]), (4, 3, [25, 50, 75]), (3, 1, [25]), (3, 2, [25, 50]), (1, 1, [25, 50, 75, 100])],
)
def test_milestones_are_reached_with_the_lesson_that_brings_as_many_percent(
    lessons: int, done: int, reached: list[int]
) -> None:
    found = milestones(Facts(completed(*daily(done)), lessons={1: lessons}), 1)
    assert [step.percent for step in found] == list(MILESTONES)
    assert [step.percent for step in found if step.at] == reached
    assert all(step.at == NOON + DAY * (-(-lessons * step.percent // 100) - 1) for step in found if step.at)


def test_a_course_without_lessons_has_no_milestone() -> None:
    assert not any(step.at for step in milestones(Facts(), 1) + milestones(Facts(lessons={1: 0}), 1))


moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 4, 1), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from([ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "Pacific/Apia", "America/Los_Angeles")])


@st.composite
def histories(draw: st.DrawFn) -> Facts:
    """Whatever a student may have done."""
    lessons = st.builds(Completion, moments, st.integers(1, 3), st.booleans())
    attempts = st.builds(
        Attempt,
        moments,
        st.booleans(),
        st.integers(1, 2),
        st.integers(1, 3),
        st.sampled_from([0, 70, 100]),
        st.booleans(),
    )
    return Facts(
        completions=sorted(draw(st.lists(lessons, max_size=60)), key=lambda each: each.at),
        attempts=sorted(draw(st.lists(attempts, max_size=8)), key=lambda each: each.at),
        certificates=sorted(draw(st.lists(moments, max_size=2))),
        lessons=draw(st.dictionaries(st.integers(1, 3), st.integers(0, 5))),
        zone=draw(zones),
        now=datetime(2026, 4, 2, tzinfo=UTC),
    )


def until_then(facts: Facts, at: datetime) -> Facts:
    """What had been done by then."""
    return replace(
        facts,
        completions=[each for each in facts.completions if each.at <= at],
        attempts=[each for each in facts.attempts if each.at <= at],
        certificates=[each for each in facts.certificates if each <= at],
    )


@given(histories(), moments)
def test_what_is_earned_stays_earned_since_the_same_moment(facts: Facts, at: datetime) -> None:
    before, after = achievements(until_then(facts, at)), achievements(facts)
    for early, late in zip(before, after, strict=True):
        if early.earned:
            assert late.reached == early.reached, early.rule.key
        elif late.reached.at:
            assert late.reached.at > at  # and it was earned by what came later


@given(histories())
def test_done_is_within_the_target_and_full_where_earned(facts: Facts) -> None:
    for each in achievements(facts):
        assert 0 <= each.reached.done <= each.reached.target
        assert each.earned == (each.reached.done == each.reached.target), each.rule.key
        assert each.progress


def longest_run(days: Sequence[date]) -> int:
    """By looking at every day, which the rule does not."""
    known = set(days)
    return max(
        (next(length for length in range(1, 200) if day + DAY * length not in known) for day in known), default=0
    )


@given(histories())
def test_a_streak_is_earned_where_there_is_a_run_as_long(facts: Facts) -> None:
    run = longest_run([local.date() for local in facts.local])
    for key, target in (("streak_3", 3), ("streak_7", 7), ("streak_30", 30)):
        assert of(facts, key).earned == (run >= target)
