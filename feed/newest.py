"""The newest rows of one source, each scope along its own index, whatever the planner would guess.

A condition such as "of one of these courses, or my own" is true of few rows or of nearly all, and the planner knows
neither: PostgreSQL then walks all that ever happened, newest first, to find the page of somebody whose courses are
quiet. So the newest rows of each course, student or lesson are looked up by themselves, and the newest of those are
the page. All of it is one statement, built once for each shape of a question (progress.prepared).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, reduce
from operator import or_
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BigIntegerField, DateTimeField, Func, OuterRef, Q, QuerySet

from feed.cursor import Cursor
from feed.filters import Filters
from feed.reach import EVERYWHERE, Reach
from feed.sources import SOURCES, Columns, Source
from progress.compiled import Given
from progress.models import Course, Lesson, User
from progress.prepared import Prepared, Value, stand_in
from progress.querysets import RecordQuerySet, is_administrator

Rows = RecordQuerySet[Any]


class _Shape(NamedTuple):
    """What a question is like; two of one shape differ in values only."""

    type: str
    limit: int
    sees_all: bool
    words: int
    reach: Reach | None
    """Where the first of the words leads to; None where rows are looked up by something else."""
    courses: bool
    students: bool
    since: bool
    until: bool
    before: int | None
    """How this type is ordered against the type of the entry before which the page begins; None without one."""


def newest(
    source: Source, limit: int, *, viewer: User, filters: Filters, reach: Reach | None, before: Cursor | None
) -> list[Columns]:
    """Return the newest `limit` rows that the viewer may see and the filters admit, older than the cursor.

    `reach` is what the word finds by which rows are looked up (`leading`), where there is one.
    """
    if not viewer.is_active or (reach and not any(reach)):
        return []
    words = _longest_first(filters)
    shape = _Shape(
        source.type,
        limit,
        is_administrator(viewer),
        len(words),
        reach,
        bool(filters.courses),
        bool(filters.students),
        filters.since is not None,
        filters.until is not None,
        None if before is None else (source.type > before.type) - (source.type < before.type),
    )
    prepared = _prepared(shape)
    if prepared is None:
        return []
    return prepared.rows(
        viewer,
        courses=list(filters.courses),
        students=list(filters.students),
        since=filters.since,
        until=filters.until,
        before_at=before and before.at,
        before_pk=before and before.pk,
        **{f"word{number}": word for number, word in enumerate(words)},
    )


def leading(filters: Filters) -> str | None:
    """The word by which rows are looked up, where nothing leaves less; the others hold inside."""
    return None if filters.students else next(iter(_longest_first(filters)), None)


def _longest_first(filters: Filters) -> list[str]:
    return sorted(filters.words, key=len, reverse=True)  # the longest leaves least


@lru_cache(maxsize=512)
def _prepared(shape: _Shape) -> Prepared | None:
    source = SOURCES[shape.type]
    found = _Found(source, shape)
    arrays = [Q(pk__among=each) for each in found.arrays()]
    if not arrays:
        return None  # a word that only lessons have, where entries speak of none
    ids = reduce(or_, arrays)
    rows = source.rows().visible_to(found.viewer).filter(ids).order_by(f"-{source.at}", "-pk")
    return Prepared(source.select(rows[: shape.limit]))


class _Found:
    """Arrays of ids: the newest rows of each scope that can have some of the page; what is taught, and what is own."""

    def __init__(self, source: Source, shape: _Shape) -> None:
        self.source = source
        self.shape = shape
        self.viewer = stand_in(administers=shape.sees_all)
        self.taught = Course.objects.taught_by(self.viewer).order_by()
        self.rows = source.rows().filter(self._in_time())

    def arrays(self) -> Iterator[ArraySubquery]:
        """The arrays, by the filter that leaves least; the others hold inside."""
        shape = self.shape
        words = [Value(f"word{number}", "text") for number in range(shape.words)]
        for word in words if shape.students else words[1:]:
            self.rows = self.rows.filter(self._says(word))
        if shape.courses:
            self.taught = self.taught.filter(pk__among=Given("courses"))
        if shape.students:
            self.rows = self.rows.filter(user_id__among=Given("students"))
            yield self._of_people(User.objects.filter(pk__among=Given("students")).order_by())
            yield from self._own(self.rows)
        elif shape.reach:
            yield from self._by_word(words[0], shape.reach)
        elif shape.courses:
            yield self._of_each(self.taught, "course", self.rows)
            yield from self._own(self.rows)
        else:
            yield self._of_taught(self.rows)
            yield from self._own(self.rows)

    def _in_time(self) -> Q:
        at, shape = self.source.at, self.shape
        wanted = Q()
        if shape.since:
            wanted &= Q(**{f"{at}__gte": Value("since", "timestamptz")})
        if shape.until:
            wanted &= Q(**{f"{at}__lt": Value("until", "timestamptz")})
        if shape.before is None:
            return wanted
        # After the cursor in (timestamp, type, id) order, descending. The bound on the timestamp stands alone, since
        # an index can begin at it; an OR could not.
        older = Q(**{f"{at}__lt": Value("before_at", "timestamptz")})
        if shape.before > 0:
            return wanted & older
        wanted &= Q(**{f"{at}__lte": Value("before_at", "timestamptz")})
        return wanted & (older | Q(pk__lt=Value("before_pk", "bigint"))) if shape.before == 0 else wanted

    def _by_word(self, word: Value, reach: Reach) -> Iterator[ArraySubquery]:
        found = {"search_text__contains": word}
        if reach.courses:
            yield self._of_each(self.taught.filter(**found), "course", self.rows)
        if reach.lessons and self.source.lesson:
            lessons = Lesson.objects.filter(**found, course_id__among=ArraySubquery(self.taught.values("pk")))
            yield self._of_each(lessons.order_by(), "lesson", self.rows)
        if reach.many_students:
            yield self._of_taught(self.rows.filter(user__search_text__contains=word), is_search=True)
        elif reach.students:
            yield self._of_people(User.objects.filter(**found).order_by())
        says = self._says(word, reach._replace(students=False))
        if reach.students:
            says |= Q(user__search_text__contains=word)
        if says:
            yield from self._own(self.rows.filter(says))

    def _of_taught(self, rows: Rows, *, is_search: bool = False) -> ArraySubquery:
        if self.shape.sees_all and not self.shape.courses:
            return self._newest(rows)
        return self._of_each(self.taught, "course", rows, is_search=is_search)

    def _own(self, rows: Rows) -> Iterator[ArraySubquery]:
        if not self.shape.sees_all:
            yield self._newest(self._of_chosen(rows).filter(user=self.viewer))

    def _of_people(self, people: QuerySet[User]) -> ArraySubquery:
        rows = self._of_chosen(self.rows)
        if not self.shape.sees_all:
            rows = rows.filter(course_id__among=ArraySubquery(self.taught.values("pk")))
        return self._of_each(people, "user", rows)

    def _of_chosen(self, rows: Rows) -> Rows:
        """Of the courses that are filtered for. Where each course is looked up by itself, this is not said again:
        PostgreSQL would take it for another condition, expect few rows, and sort all of a course to find some."""
        return rows.filter(course_id__among=Given("courses")) if self.shape.courses else rows

    def _of_each(self, scopes: QuerySet[Any], column: str, rows: Rows, *, is_search: bool = False) -> ArraySubquery:
        its = rows.filter(**{column: OuterRef("pk")})
        ids = Func(self._newest(its), function="unnest", output_field=BigIntegerField())
        if is_search:  # a scope is walked for them, and not twice
            return ArraySubquery(scopes.values_list(ids))
        # Of fifty scopes come fifty times as many ids as a page has. Their moments are looked up along the same index,
        # beside them, so that only the newest of all are read as rows.
        moments = Func(self._newest(its, self.source.at), function="unnest", output_field=DateTimeField())
        found = scopes.annotate(newest_at=moments, newest_pk=ids).order_by("-newest_at", "-newest_pk")
        return ArraySubquery(found.values_list("newest_pk")[: self.shape.limit])

    def _newest(self, rows: Rows, column: str = "pk") -> ArraySubquery:
        return ArraySubquery(rows.order_by(f"-{self.source.at}", "-pk")[: self.shape.limit].values(column))

    def _says(self, word: Value, reach: Reach = EVERYWHERE) -> Q:
        # Each list of ids comes through its trigram index and is hashed; a join on the texts would look at each row's.
        found = {"search_text__contains": word}
        says = Q()
        if reach.students:
            says |= Q(user__in=User.objects.filter(**found))
        if reach.courses:
            says |= Q(course__in=Course.objects.filter(**found).order_by())
        if reach.lessons and self.source.lesson:
            says |= Q(lesson__in=Lesson.objects.filter(**found).order_by())
        return says
