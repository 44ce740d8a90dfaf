"""Plans: what a simulated student will do, a pure function of seed, student's number and course.

Shares of a lesson keep their distance from 50 and 90 percent: a plan must come to the same entries on a slow machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from project.simulation.course import Course

Stretch = tuple[float, float]  # seconds, from <= to

STEADY, SKIPPER, REWATCHER = "steady", "skipper", "rewatcher"
QUITS, FAILS, OFFLINE = "quits", "fails the quiz first", "goes offline"
KINDS = (STEADY, SKIPPER, REWATCHER, QUITS, FAILS, OFFLINE)


@dataclass(frozen=True, slots=True)
class Pause:
    """Do something else for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Watch:
    """Open a lesson (its place in the course, from 0) and play these stretches of it in this order.

    `offline` is when the network is away, in seconds played since the lesson was opened; playing goes on.
    """

    lesson: int
    stretches: tuple[Stretch, ...]
    offline: Stretch | None = None


@dataclass(frozen=True, slots=True)
class TakeQuiz:
    """Answer a lesson's quiz, all right or all wrong."""

    lesson: int
    right: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """Mark a lesson as complete by hand."""

    lesson: int


@dataclass(frozen=True, slots=True)
class TakeExam:
    """Start an attempt at the course's exam and submit it, all right or all wrong."""

    right: bool


Step = Pause | Watch | TakeQuiz | Mark | TakeExam


@dataclass(frozen=True, slots=True)
class Plan:
    """A kind of student, and what this one will do."""

    kind: str
    steps: tuple[Step, ...]


def plan(seed: int, number: int, course: Course) -> Plan:
    """Return what student `number` (from 1) does in this course; of every six each is of another kind."""
    block, place = divmod(number - 1, len(KINDS))
    kind = _chance(f"{seed}/kinds/{block}").sample(KINDS, len(KINDS))[place]
    return Plan(kind, tuple(_steps(kind, course, _chance(f"{seed}/student/{number}"))))


def _chance(name: str) -> Random:
    return Random(name)  # noqa: S311 - to be repeated, not to be kept secret # nosec B311


def _steps(kind: str, course: Course, chance: Random) -> Iterator[Step]:
    longest = max((lesson.duration for lesson in course.lessons), default=0.0)
    yield Pause(_between(chance, 0, longest / 3))  # a class does not sit down at one moment
    last = chance.randrange(len(course.lessons)) if kind == QUITS and course.lessons else len(course.lessons)
    for index, lesson in enumerate(course.lessons):
        if index == last:
            share = chance.choice([_between(chance, 0.1, 0.4), _between(chance, 0.6, 0.8)])
            yield Watch(index, ((0.0, round(share * lesson.duration, 3)),))
            return
        yield _watch(kind, index, lesson.duration, chance)
        if lesson.quiz:
            yield Pause(_between(chance, 0.05 * lesson.duration, 0.2 * lesson.duration))
            if kind == FAILS:
                yield TakeQuiz(index, right=False)
                yield Watch(index, ((0.0, round(0.3 * lesson.duration, 3)),))
            yield TakeQuiz(index, right=True)
        if kind == SKIPPER and chance.random() < 0.5:
            yield Mark(index)
        yield Pause(_between(chance, 0.05 * lesson.duration, 0.25 * lesson.duration))
    if course.exam:
        if kind == FAILS:
            yield TakeExam(right=False)
            yield Pause(_between(chance, 0.1 * longest, 0.3 * longest))
        yield TakeExam(right=True)


def _watch(kind: str, index: int, duration: float, chance: Random) -> Watch:
    if kind == SKIPPER:
        stop, jump = _between(chance, 0.2, 0.3), _between(chance, 0.15, 0.25)  # sees 75 to 85 percent
        return Watch(index, (_part(duration, 0, stop), _part(duration, stop + jump, 1)))
    if kind == REWATCHER:
        back, to = _between(chance, 0.2, 0.4), _between(chance, 0.5, 0.7)
        return Watch(index, (_part(duration, 0, to), _part(duration, back, to), _part(duration, to, 1)))
    if kind == OFFLINE and chance.random() < 0.7:
        away = _part(duration, _between(chance, 0.1, 0.3), _between(chance, 0.6, 0.9))
        return Watch(index, ((0.0, duration),), offline=away)
    return Watch(index, ((0.0, duration),))


def _part(duration: float, start: float, end: float) -> Stretch:
    return (round(start * duration, 3), duration if end == 1 else round(end * duration, 3))


def _between(chance: Random, least: float, most: float) -> float:
    return round(least + chance.random() * (most - least), 3)
