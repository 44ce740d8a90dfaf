"""Group names: every audience that an entry can be sent to, and the groups of a viewer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import cast

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, QuerySet

from progress.compiled import Compiled, Given
from progress.models import Course, Enrollment, User
from progress.prepared import Prepared
from progress.querysets import administrators
from progress.together import Together

Rights = tuple[int, bool, list[int], bool]
"""A person's id, whether they are an administrator, the courses they teach, and whether they ever studied one."""

ALL = "feed.all"
_COURSE = "feed.course."


def of_course(course_id: int) -> str:
    """The group of a course's instructors."""
    return f"{_COURSE}{course_id}"


def of_student(user_id: int) -> str:
    """The group of a student's own feed."""
    return f"feed.student.{user_id}"


def of_entry(*, user_id: int, course_id: int) -> list[str]:
    """The groups that an entry about this student in this course goes to."""
    return [ALL, of_course(course_id), of_student(user_id)]


def of_viewer(viewer: User) -> list[str]:
    """The groups of a viewer; none where there is nothing the viewer may see.

    An administrator has `feed.all` alone; anybody else a group for every course taught, and their own if they ever
    studied. It is the same permission as RecordQuerySet.visible_to, said in groups.
    """
    rights = cast(list[Rights], _prepared().rows(viewer, viewers=[viewer.pk]))
    return next(iter(_named(rights).values()), [])


async def look_up(viewer_id: int) -> list[str]:
    """The same, read together with what others look up at the same moment (progress.together)."""
    return await _together.ask(viewer_id) or []


def taught(names: Iterable[str]) -> frozenset[int] | None:
    """The courses that a viewer of these groups teaches; None where it is all, an administrator's."""
    names = set(names)
    if ALL in names:
        return None
    return frozenset(int(name.removeprefix(_COURSE)) for name in names if name.startswith(_COURSE))


def _rights(viewer_ids: Sequence[int] | Given) -> QuerySet[User, Rights]:
    active = User.objects.filter(pk__among=viewer_ids, is_active=True)
    return active.values_list(
        "pk",
        Exists(administrators().filter(pk=OuterRef("pk"))),
        ArraySubquery(Course.objects.filter(instructors=OuterRef("pk")).order_by("pk").values("pk")),
        Exists(Enrollment.objects.filter(user=OuterRef("pk"))),
    )


def _named(rights: Iterable[Rights]) -> dict[int, list[str]]:
    return {
        pk: [ALL] if administers else [*map(of_course, taught), *([of_student(pk)] if studied else [])]
        for pk, administers, taught, studied in rights
    }


@cache
def _prepared() -> Prepared:
    return Prepared(_rights(Given("viewers")))


async def _read(viewer_ids: Sequence[int]) -> dict[int, list[str]]:
    return _named(cast(list[Rights], await _rights_of_many.rows(viewers=viewer_ids)))


_rights_of_many = Compiled(lambda: _rights(Given("viewers")))
_together = Together(_read)
