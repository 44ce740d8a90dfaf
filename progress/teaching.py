"""Which courses somebody teaches, as ids: every page asks it, some of them several times (progress.prepared)."""

from __future__ import annotations

from functools import lru_cache

from progress.models import Course, User
from progress.prepared import Prepared, stand_in
from progress.querysets import is_administrator


def course_ids(person: User) -> list[int]:
    """The ids of `Course.objects.taught_by(person)`, in ascending order: an administrator's are all."""
    return _read(person, most=None)


def teaches(person: User) -> bool:
    """Whether there is one of them."""
    return bool(_read(person, most=1))


def _read(person: User, *, most: int | None) -> list[int]:
    if not person.is_active:
        return []
    return [pk for (pk,) in _prepared(is_administrator(person), most).rows(person)]


@lru_cache
def _prepared(administers: bool, most: int | None) -> Prepared:
    taught = Course.objects.taught_by(stand_in(administers=administers)).order_by("pk")
    return Prepared(taught.values_list("pk")[:most])
