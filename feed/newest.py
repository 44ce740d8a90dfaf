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
from django.db.models import BigIntegerField, Exists, Func, OuterRef, Q, QuerySet

from feed.cursor import Cursor
from feed.filters import Filters
from feed.sources import SOURCES, Columns, Source
from progress.compiled import Given
from progress.models import Course, Lesson, User
from progress.prepared import Prepared, Value, stand_in
from progress.querysets import RecordQuerySet, is_administrator

FEW = 100
"""So many students found by a word are looked up one by one; a word that finds more is met soon by whoever walks."""

Rows = RecordQuerySet[Any]


class _Shape(NamedTuple):
    """What a question is like; two of one shape differ in values only."""

    type: str
    limit: int
    few: int
    sees_all: bool
    words: int
    courses: bool
    students: bool
    since: bool
    until: bool
    before: int | None
    """How this type is ordered against the type of the entry before which the page begins; None without one."""


def newest(source: Source, limit: int, *, viewer: User, filters: Filters, before: Cursor | None) -> list[Columns]:
    """Return the newest `limit` rows that the viewer may see and the filters admit, older than the cursor."""
    if not viewer.is_active:
        return []
    words = sorted(filters.words, key=len, reverse=True)  # the longest leaves least
    shape = _Shape(
        source.type,
        limit,
        FEW,
        is_administrator(viewer),
        len(words),
        bool(filters.courses),
        bool(filters.students),
        filters.since is not None,
        filters.until is not None,
        None if before is None else (source.type > before.type) - (source.type < before.type),
    )
    return _prepared(shape).rows(
        viewer,
        courses=list(filters.courses),
        students=list(filters.students),
        since=filters.since,
        until=filters.until,
        before_at=before and before.at,
        before_pk=before and before.pk,
        **{f"word{number}": word for number, word in enumerate(words)},
    )


@lru_cache(maxsize=512)
def _prepared(shape: _Shape) -> Prepared:
    source = SOURCES[shape.type]
    found = _Found(source, shape)
    ids = reduce(or_, (Q(pk__among=each) for each in found.arrays()))
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
            self.rows = self.rows.filter(course_id__among=Given("courses"))
            self.taught = self.taught.filter(pk__among=Given("courses"))
        if shape.students:
            self.rows = self.rows.filter(user_id__among=Given("students"))
            yield self._of_people(User.objects.filter(pk__among=Given("students")).order_by())
            yield from self._own(self.rows)
        elif words:
            yield from self._by_word(words[0])
        elif shape.courses:
            yield self._of_each(self.taught, "course", self.rows)
            yield from self._own(self.rows)
        else:
            yield from self._of_all(self.rows)

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

    def _by_word(self, word: Value) -> Iterator[ArraySubquery]:
        found = {"search_text__contains": word}
        people = User.objects.filter(**found).order_by("pk")
        yield self._of_each(self.taught.filter(**found), "course", self.rows)
        if self.source.lesson:
            lessons = Lesson.objects.filter(**found, course_id__among=ArraySubquery(self.taught.values("pk")))
            yield self._of_each(lessons.order_by(), "lesson", self.rows)
        few, more = people[: self.shape.few], people[self.shape.few : self.shape.few + 1]
        these = User.objects.filter(~Exists(more), pk__among=ArraySubquery(few.values("pk")))
        yield self._of_people(these.order_by())
        yield from self._of_all(self.rows.filter(Exists(more), user__search_text__contains=word))
        yield from self._own(self.rows.filter(self._says(word)))

    def _of_all(self, rows: Rows) -> Iterator[ArraySubquery]:
        if self.shape.sees_all:
            yield self._newest(rows)
        else:
            yield self._of_each(self.taught, "course", rows)
            yield from self._own(rows)

    def _own(self, rows: Rows) -> Iterator[ArraySubquery]:
        if not self.shape.sees_all:
            yield self._newest(rows.filter(user=self.viewer))

    def _of_people(self, people: QuerySet[User]) -> ArraySubquery:
        rows = self.rows
        if not self.shape.sees_all:
            rows = rows.filter(course_id__among=ArraySubquery(self.taught.values("pk")))
        return self._of_each(people, "user", rows)

    def _of_each(self, scopes: QuerySet[Any], column: str, rows: Rows) -> ArraySubquery:
        its = self._newest(rows.filter(**{column: OuterRef("pk")}))
        return ArraySubquery(scopes.values_list(Func(its, function="unnest", output_field=BigIntegerField())))

    def _newest(self, rows: Rows) -> ArraySubquery:
        return ArraySubquery(rows.order_by(f"-{self.source.at}", "-pk")[: self.shape.limit].values("pk"))

    def _says(self, word: Value) -> Q:
        # Each list of ids comes through its trigram index and is hashed; a join on the texts would look at each row's.
        found = {"search_text__contains": word}
        says = Q(user__in=User.objects.filter(**found)) | Q(course__in=Course.objects.filter(**found).order_by())
        return says | Q(lesson__in=Lesson.objects.filter(**found).order_by()) if self.source.lesson else says
