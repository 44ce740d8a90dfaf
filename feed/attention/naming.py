"""What findings are about, by name: students, courses and lessons."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple

from feed.attention.findings import Finding
from progress.compiled import Given
from progress.models import Course, Lesson, User
from progress.prepared import Prepared
from progress.text import name_of


class Place(NamedTuple):
    """A course or a lesson, as addresses and pages have it."""

    id: int
    slug: str
    title: str


class Names(NamedTuple):
    """Students' names, courses and lessons, by id. What is not in it is gone."""

    people: dict[int, str]
    courses: dict[int, Place]
    lessons: dict[int, Place]


def names_in(found: Collection[Finding]) -> Names:
    """Read what these findings are about."""
    people, courses, lessons = _prepared()
    return Names(
        {pk: name_of(*names) for pk, *names in _rows(people, {each.user_id for each in found})},
        {pk: Place(pk, *place) for pk, *place in _rows(courses, {each.course_id for each in found})},
        {pk: Place(pk, *place) for pk, *place in _rows(lessons, {each.lesson_id for each in found if each.lesson_id})},
    )


def _rows(prepared: Prepared, ids: set[int]) -> list[tuple[Any, ...]]:
    return prepared.rows(ids=list(ids)) if ids else []


@cache
def _prepared() -> tuple[Prepared, Prepared, Prepared]:
    ids = Given("ids")
    return (
        Prepared(User.objects.filter(pk__among=ids).values_list("pk", "first_name", "last_name", "username")),
        Prepared(Course.objects.filter(pk__among=ids).values_list("pk", "slug", "title")),
        Prepared(Lesson.objects.filter(pk__among=ids).values_list("pk", "slug", "title")),
    )
