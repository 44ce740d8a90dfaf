"""Names of those who are there, and titles of what they watch: read where seats are shown, and never kept in Redis."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from progress.compiled import Compiled, Given
from progress.models import Lesson, User


@dataclass(frozen=True, slots=True)
class Person:
    """A student's name, and whether a class may not see it."""

    name: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Names:
    """Of people and lessons, by id. Whoever is not in it is gone from the school, and is shown nowhere."""

    people: dict[int, Person] = field(default_factory=dict)
    lessons: dict[int, str] = field(default_factory=dict)


_PERSON = ("pk", "first_name", "last_name", "username", "name_hidden")
_people = Compiled(lambda: User.objects.filter(pk__among=Given("people")).values_list(*_PERSON))
_lessons = Compiled(lambda: Lesson.objects.filter(pk__among=Given("lessons")).values_list("pk", "title"))


async def read(people: Collection[int], lessons: Collection[int]) -> Names:
    """Read these names; raises psycopg.OperationalError where the database is away."""
    return Names(
        _named(await _people.rows(people=list(people)) if people else []),
        dict(await _lessons.rows(lessons=list(lessons)) if lessons else []),
    )


def read_from_thread(people: Collection[int], lessons: Collection[int]) -> Names:
    """The same for synchronous code."""
    return Names(
        _named(User.objects.filter(pk__in=people).values_list(*_PERSON)),
        dict(Lesson.objects.filter(pk__in=lessons).values_list("pk", "title")),
    )


def _named(rows: Any) -> dict[int, Person]:
    return {
        pk: Person(User(first_name=first, last_name=last, username=username).name, hidden)
        for pk, first, last, username, hidden in rows
    }
