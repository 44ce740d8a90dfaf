"""What a word finds: courses, lessons, few students or many; asked once, so that nobody looks where nothing is.

A statement that looks for a word in every place where it may be is planned for all of them, which takes PostgreSQL
longer than to find out, by three indexes, where it is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from django.db.models import Exists

from progress.models import Course, Lesson, User
from progress.prepared import Prepared, Value, stand_in

FEW = 100
"""So many students found by a word are looked up one by one; a word that finds more is met soon by whoever walks."""


class Reach(NamedTuple):
    """Where a word is found, of all that there is: what of it somebody may see is decided where the rows are."""

    courses: bool
    lessons: bool
    students: bool
    many_students: bool


EVERYWHERE = Reach(True, True, True, True)


def reach(word: str, viewer: User) -> Reach:
    """Return where this normalised word is found; `viewer` only gives the query a row to stand on."""
    rows = _asking(FEW).rows(viewer, word=word)
    return Reach(*rows[0]) if rows else Reach(False, False, False, False)


@lru_cache
def _asking(few: int) -> Prepared:
    found = {"search_text__contains": Value("word", "text")}
    courses, lessons, people = (model.objects.filter(**found).order_by() for model in (Course, Lesson, User))
    viewer = User.objects.filter(pk=stand_in(administers=False).pk)
    return Prepared(viewer.values_list(Exists(courses), Exists(lessons), Exists(people), Exists(people[few : few + 1])))
