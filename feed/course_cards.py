"""Course cards of the dashboard: of each course how many study it, what they completed today, how far they are."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, TypedDict, cast

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from feed import single_flight
from feed.counts import count_of
from feed.figures import Day
from progress.models import Course, Enrollment, Lesson, User, UserProgress
from progress.prepared import Prepared, Value, stand_in
from progress.querysets import is_administrator

KEPT_SECONDS = 60
"""How long a process keeps how a course stands: it counts all that was ever completed there, and moves slowly."""


class Stand(NamedTuple):
    """How many study a course now, how many lessons it has, and how many completed lessons they have together."""

    students: int
    lessons: int
    completed: int

    @property
    def average(self) -> int | None:
        """The percentage of the course that its students completed; None where there is nothing, or nobody, to ask."""
        whole = self.students * self.lessons
        return min(100, 100 * self.completed // whole) if whole else None


class CourseCard(TypedDict):
    """One course, how it stands, and the lessons that were completed there today."""

    course: Course
    stand: Stand
    completions: int


def of(viewer: User, day: Day) -> list[CourseCard]:
    """The courses whose students `viewer` may watch, by title."""
    courses = list(Course.objects.taught_by(viewer).order_by("title", "pk"))
    stands, today = _stands([course.pk for course in courses]), completions(viewer, day)
    return [
        {"course": course, "stand": stands[course.pk], "completions": today.get(course.pk, 0)}
        for course in courses
        if course.pk in stands  # removed since
    ]


def completions(viewer: User, day: Day) -> dict[int, int]:
    """How many lessons were completed on this day, by course."""
    if not viewer.is_active:
        return {}
    rows = _prepared(is_administrator(viewer)).rows(viewer, since=day.since, until=day.until)
    return dict(cast("list[tuple[int, int]]", rows))


@lru_cache
def _prepared(administers: bool) -> Prepared:
    since, until = Value("since", "timestamptz"), Value("until", "timestamptz")
    today = UserProgress.objects.filter(completed_at__gte=since, completed_at__lt=until, course=OuterRef("pk"))
    taught = Course.objects.taught_by(stand_in(administers=administers))
    return Prepared(taught.order_by().values_list("pk", count_of(today)))


_known: dict[int, tuple[float, Stand]] = {}


def _stands(courses: Sequence[int]) -> dict[int, Stand]:
    now = time.monotonic()
    fresh = {course: stand for course, (at, stand) in list(_known.items()) if now - at < KEPT_SECONDS}
    if missing := tuple(sorted(set(courses) - fresh.keys())):
        read = single_flight.once(("stands", missing), lambda: _read(missing))
        fresh |= read
        _known.update({course: (now, stand) for course, stand in read.items()})
    return fresh


def _read(courses: Sequence[int]) -> dict[int, Stand]:
    enrolled = Enrollment.objects.filter(course=OuterRef("pk"))
    left = Enrollment.objects.filter(course=OuterRef(OuterRef("pk")), active=False).values("user_id")
    completed = UserProgress.objects.filter(course=OuterRef("pk"), completed_at__isnull=False)
    # All less those of students who left: each count stays in an index, where a join with the enrolments would read
    # every row of the course.
    rows = Course.objects.filter(pk__in=courses).order_by()
    counted = rows.values_list(
        "pk",
        count_of(enrolled.filter(active=True)),
        count_of(Lesson.objects.ready().filter(course=OuterRef("pk"))),
        count_of(completed),
        count_of(completed.filter(user_id__among=ArraySubquery(left))),
    )
    return {pk: Stand(students, lessons, done - gone) for pk, students, lessons, done, gone in counted}
