"""Achievements: what a student has earned, and how far the rest is; every rule stands in `RULES`.

They are derived: pure functions from records, nothing is stored when one is earned. So none can be wrong or doubled,
and what takes a record back (a correction, an erasure) takes back what it earned.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

MILESTONES = (25, 50, 75, 100)
"""Percent of a course's lessons."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A lesson that was completed; of one that is not ready (any more) the course counts nothing."""

    at: datetime
    course: int
    ready: bool = True


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt at a quiz or an exam that was submitted, and not withdrawn."""

    at: datetime
    exam: bool
    paper: int
    number: int
    score: float
    passed: bool


@dataclass(frozen=True)
class Facts:
    """What a student did, each list oldest first; `lessons` is how many each of the courses has that are ready."""

    completions: Sequence[Completion] = ()
    attempts: Sequence[Attempt] = ()
    certificates: Sequence[datetime] = ()
    lessons: Mapping[int, int] = field(default_factory=dict)
    zone: tzinfo = UTC
    """Where the student's days begin."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def local(self) -> list[datetime]:
        """The completions by the student's own clock."""
        return [each.at.astimezone(self.zone) for each in self.completions]

    @cached_property
    def of_course(self) -> dict[int, list[datetime]]:
        """For each course the moments at which another of its lessons was completed."""
        found: dict[int, list[datetime]] = {course: [] for course in self.lessons}
        for each in self.completions:
            if each.ready and each.course in found:
                found[each.course].append(each.at)
        return found


@dataclass(frozen=True, slots=True)
class Reached:
    """How far something is: `done` of `target`, and when it was reached."""

    done: int
    target: int
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One achievement: what it is called, what it takes, its icon (of Lucide), and how far given facts are."""

    key: str
    title: Promise
    sentence: Promise
    icon: str
    unit: Callable[[int], Any]
    """From a target to "%(done)d of %(target)d …", in the plural form of the target."""
    reach: Callable[[Facts], Reached]


@dataclass(frozen=True, slots=True)
class Achievement:
    """A rule, and how far the student is."""

    rule: Rule
    reached: Reached

    @property
    def earned(self) -> bool:
        """Whether it is."""
        return self.reached.at is not None

    @property
    def progress(self) -> str:
        """How far it is, in words: "4 of 7 days"."""
        form = self.rule.unit(self.reached.target)
        return str(form % {"done": self.reached.done, "target": self.reached.target})


@dataclass(frozen=True, slots=True)
class Milestone:
    """A step of a course, in percent, and when it was reached."""

    percent: int
    at: datetime | None


def _nth(moments: Sequence[datetime], target: int) -> Reached:
    return Reached(min(len(moments), target), target, moments[target - 1] if len(moments) >= target else None)


def _first(moments: Iterator[datetime]) -> Reached:
    at = next(moments, None)
    return Reached(int(at is not None), 1, at)


def _completed(target: int) -> Callable[[Facts], Reached]:
    return lambda facts: _nth([each.at for each in facts.completions], target)


def _streak(target: int) -> Callable[[Facts], Reached]:
    """Days in a row with a completed lesson. Not yet earned, the run counts that may still go on today."""

    def reach(facts: Facts) -> Reached:
        run, last = 0, date.min
        for each, local in zip(facts.completions, facts.local, strict=True):
            day = local.date()
            if day != last:
                run = run + 1 if day - last == timedelta(days=1) else 1
                last = day
            if run >= target:
                return Reached(target, target, each.at)
        today = facts.now.astimezone(facts.zone).date()
        return Reached(run if today - last <= timedelta(days=1) else 0, target)

    return reach


def _between(begin: int, end: int) -> Callable[[Facts], Reached]:
    """A lesson completed between two hours of the student's day; `end` may lie after midnight."""

    def fits(local: datetime) -> bool:
        return begin <= local.hour < end if begin < end else local.hour >= begin or local.hour < end

    return lambda facts: _first(
        each.at for each, local in zip(facts.completions, facts.local, strict=True) if fits(local)
    )


def _course(facts: Facts) -> Reached:
    """The course that was completed first or, before that, the one that is nearest to it."""
    courses = [_nth(facts.of_course[course], count) for course, count in facts.lessons.items() if count]
    done = [each for each in courses if each.at]
    if done:
        return min(done, key=lambda each: each.at or facts.now)
    return max(courses, key=lambda each: (each.done / each.target, each.done), default=Reached(0, 1))


def _perfect(*, exam: bool) -> Callable[[Facts], Reached]:
    return lambda facts: _first(
        each.at for each in facts.attempts if each.exam is exam and each.number == 1 and each.score >= 100
    )


def _passed_exam(facts: Facts) -> Reached:
    return _first(each.at for each in facts.attempts if each.exam and each.passed)


def _after_failing(facts: Facts) -> Reached:
    failed = set[tuple[bool, int]]()
    for each in facts.attempts:
        if not each.passed:
            failed.add((each.exam, each.paper))
        elif (each.exam, each.paper) in failed:
            return Reached(1, 1, each.at)
    return Reached(0, 1)


def _certified(facts: Facts) -> Reached:
    return _first(iter(facts.certificates))


def _lessons(target: int) -> Any:
    return ngettext_lazy("%(done)d of %(target)d lesson", "%(done)d of %(target)d lessons", target)


def _days(target: int) -> Any:
    return ngettext_lazy("%(done)d of %(target)d day", "%(done)d of %(target)d days", target)


def _once(_target: int) -> Any:
    return _("Not yet")


RULES = (
    Rule("first_lesson", _("First lesson"), _("Complete a lesson."), "footprints", _lessons, _completed(1)),
    Rule("ten_lessons", _("Ten lessons"), _("Complete ten lessons."), "layers", _lessons, _completed(10)),
    Rule("fifty_lessons", _("Fifty lessons"), _("Complete fifty lessons."), "mountain", _lessons, _completed(50)),
    Rule("streak_3", _("Three in a row"), _("Complete a lesson on 3 days in a row."), "flame", _days, _streak(3)),
    Rule("streak_7", _("A whole week"), _("Complete a lesson on 7 days in a row."), "calendar-days", _days, _streak(7)),
    Rule("streak_30", _("A whole month"), _("Complete a lesson on 30 days in a row."), "trophy", _days, _streak(30)),
    Rule("course", _("Course completed"), _("Complete every lesson of a course."), "graduation-cap", _lessons, _course),
    Rule(
        "perfect_quiz",
        _("Perfect quiz"),
        _("Have every answer of a quiz right, at the first try."),
        "target",
        _once,
        _perfect(exam=False),
    ),
    Rule(
        "perfect_exam",
        _("Perfect exam"),
        _("Have every answer of an exam right, at the first try."),
        "crosshair",
        _once,
        _perfect(exam=True),
    ),
    Rule(
        "after_failing",
        _("Never gave up"),
        _("Pass a quiz or an exam that you had failed before."),
        "rotate-cw",
        _once,
        _after_failing,
    ),
    Rule("exam", _("Exam passed"), _("Pass the exam of a course."), "clipboard-pen", _once, _passed_exam),
    Rule("certificate", _("Certified"), _("Earn the certificate of a course."), "award", _once, _certified),
    Rule(
        "early_bird",
        _("Early bird"),
        _("Complete a lesson between 4 and 8 in the morning."),
        "sunrise",
        _once,
        _between(4, 8),
    ),
    Rule(
        "night_owl", _("Night owl"), _("Complete a lesson between 10 at night and 4."), "moon", _once, _between(22, 4)
    ),
)


def achievements(facts: Facts) -> list[Achievement]:
    """Every achievement with how far it is, in the order of `RULES`."""
    return [Achievement(rule, rule.reach(facts)) for rule in RULES]


def in_words(found: Sequence[Achievement]) -> str:
    """How many of them are earned: "3 of 14 earned"."""
    earned = sum(each.earned for each in found)
    return str(_("%(earned)d of %(count)d earned")) % {"earned": earned, "count": len(found)}


def milestones(facts: Facts, course: int) -> list[Milestone]:
    """The steps of a course: each is reached with the lesson that brings as many percent."""
    count, moments = facts.lessons.get(course, 0), facts.of_course.get(course, [])
    steps = [(percent, math.ceil(count * percent / 100)) for percent in MILESTONES]
    return [Milestone(percent, _nth(moments, needed).at if needed else None) for percent, needed in steps]
