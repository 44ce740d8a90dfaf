"""The newest rows of one source, each scope along its own index, whatever the planner would guess.

A condition such as "of one of these courses, or my own" is true of few rows or of nearly all, and the planner knows
neither: PostgreSQL then walks all that ever happened, newest first, to find the page of somebody whose courses are
quiet. So the newest rows of each course, student or lesson are looked up by themselves, and the newest of those are
the page. All of it is one statement.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BigIntegerField, Exists, Func, OuterRef, Q, QuerySet

from feed.filters import Filters
from feed.sources import Source
from progress.models import Course, Lesson, User
from progress.querysets import RecordQuerySet, is_administrator

FEW = 100
"""So many students found by a word are looked up one by one; a word that finds more is met soon by whoever walks."""

Rows = RecordQuerySet[Any]


def newest(source: Source, rows: Rows, limit: int, *, viewer: User, filters: Filters) -> QuerySet[Any]:
    """Return the newest `limit` of these rows that the viewer may see and that are of the filters' courses, students
    and words; what else is filtered, `rows` are already."""
    arrays = _Found(source, rows, limit, viewer).by(filters)
    ids = reduce(or_, (Q(pk__among=each) for each in arrays))
    return source.rows().visible_to(viewer).filter(ids).order_by(f"-{source.at}", "-pk")[:limit]


class _Found:
    """Arrays of ids: the newest rows of each scope that can have some of the page; what is taught, and what is own."""

    def __init__(self, source: Source, rows: Rows, limit: int, viewer: User) -> None:
        self.source = source
        self.rows = rows
        self.limit = limit
        self.viewer = viewer
        self.sees_all = is_administrator(viewer)
        self.taught = Course.objects.taught_by(viewer).order_by()

    def by(self, filters: Filters) -> Iterator[ArraySubquery]:
        """The arrays, by the filter that leaves least; the others hold inside."""
        driver, *others = sorted(filters.words, key=len, reverse=True) or [""]
        for word in others if driver and not filters.students else filters.words:
            self.rows = self.rows.filter(self._says(word))
        if filters.courses:
            self.rows = self.rows.filter(course_id__in=filters.courses)
            self.taught = self.taught.filter(pk__in=filters.courses)
        if filters.students:
            self.rows = self.rows.filter(user_id__in=filters.students)
            yield self._of_people(User.objects.filter(pk__in=filters.students).order_by())
            yield from self._own(self.rows)
        elif driver:
            yield from self._by_word(driver)
        elif filters.courses:
            yield self._of_each(self.taught, "course", self.rows)
            yield from self._own(self.rows)
        else:
            yield from self._of_all(self.rows)

    def _by_word(self, word: str) -> Iterator[ArraySubquery]:
        found = {"search_text__contains": word}
        people = User.objects.filter(**found).order_by("pk")
        yield self._of_each(self.taught.filter(**found), "course", self.rows)
        if self.source.lesson:
            lessons = Lesson.objects.filter(**found, course_id__among=ArraySubquery(self.taught.values("pk")))
            yield self._of_each(lessons.order_by(), "lesson", self.rows)
        yield self._of_people(User.objects.filter(pk__among=ArraySubquery(people[:FEW].values("pk"))).order_by())
        yield from self._of_all(self.rows.filter(Exists(people[FEW : FEW + 1]), user__search_text__contains=word))
        yield from self._own(self.rows.filter(self._says(word)))

    def _of_all(self, rows: Rows) -> Iterator[ArraySubquery]:
        if self.sees_all:
            yield self._newest(rows)
        else:
            yield self._of_each(self.taught, "course", rows)
            yield from self._own(rows)

    def _own(self, rows: Rows) -> Iterator[ArraySubquery]:
        if not self.sees_all:
            yield self._newest(rows.filter(user=self.viewer))

    def _of_people(self, people: QuerySet[User]) -> ArraySubquery:
        rows = self.rows
        if not self.sees_all:
            rows = rows.filter(course_id__among=ArraySubquery(self.taught.values("pk")))
        return self._of_each(people, "user", rows)

    def _of_each(self, scopes: QuerySet[Any], column: str, rows: Rows) -> ArraySubquery:
        its = self._newest(rows.filter(**{column: OuterRef("pk")}))
        return ArraySubquery(scopes.values_list(Func(its, function="unnest", output_field=BigIntegerField())))

    def _newest(self, rows: Rows) -> ArraySubquery:
        return ArraySubquery(rows.order_by(f"-{self.source.at}", "-pk")[: self.limit].values("pk"))

    def _says(self, word: str) -> Q:
        # Each list of ids comes through its trigram index and is hashed; a join on the texts would look at each row's.
        found = {"search_text__contains": word}
        says = Q(user__in=User.objects.filter(**found)) | Q(course__in=Course.objects.filter(**found).order_by())
        return says | Q(lesson__in=Lesson.objects.filter(**found).order_by()) if self.source.lesson else says
