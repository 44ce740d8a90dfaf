"""Names of those who are there, and titles of what they watch: read where seats are shown, and never kept in Redis."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

import msgspec
from django.db.models import QuerySet

from progress.compiled import Compiled, Given
from progress.models import Lesson, User
from progress.prepared import Prepared
from progress.text import name_of


class Person(msgspec.Struct, frozen=True):
    """A student's name, and whether a class may not see it."""

    name: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Names:
    """Of people and lessons, by id. Whoever is not in it is gone from the school, and is shown nowhere."""

    people: dict[int, Person] = field(default_factory=dict)
    lessons: dict[int, str] = field(default_factory=dict)


def _of_people() -> QuerySet[User, tuple[int, str, str, str, bool]]:
    people = User.objects.filter(pk__among=Given("people"))
    return people.values_list("pk", "first_name", "last_name", "username", "name_hidden")


def _of_lessons() -> QuerySet[Lesson, tuple[int, str]]:
    return Lesson.objects.filter(pk__among=Given("lessons")).values_list("pk", "title")


_people, _lessons = Compiled(_of_people), Compiled(_of_lessons)


@cache
def _prepared() -> tuple[Prepared, Prepared]:
    return Prepared(_of_people()), Prepared(_of_lessons())


async def read(people: Collection[int], lessons: Collection[int]) -> Names:
    """Read these names; raises psycopg.OperationalError where the database is away."""
    return Names(
        _named(await _people.rows(people=list(people)) if people else []),
        dict(await _lessons.rows(lessons=list(lessons)) if lessons else []),
    )


def read_from_thread(people: Collection[int], lessons: Collection[int]) -> Names:
    """The same for synchronous code, on Django's own connection."""
    of_people, of_lessons = _prepared()
    return Names(
        _named(of_people.rows(people=list(people)) if people else []),
        dict(cast("list[tuple[int, str]]", of_lessons.rows(lessons=list(lessons)) if lessons else [])),
    )


def _named(rows: Any) -> dict[int, Person]:
    return {pk: Person(name_of(first, last, username), hidden) for pk, first, last, username, hidden in rows}
