"""The four sources of entries: which rows become which entry, and how a row is read as one.

A source is a QuerySet and a function from its columns to an entry. Snapshots and live entries both come through here,
so that a live row and a reloaded row cannot differ (law 4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from feed.entries import (
    CERTIFICATION_ISSUED,
    EXAM_ATTEMPT,
    LESSON_COMPLETED,
    PROGRESS_UPDATE,
    Entry,
    entry_id,
    timestamp,
)
from progress.compiled import Compiled, Given
from progress.models import Certification, ExamAttempt, UserProgress
from progress.percent import cut
from progress.querysets import RecordQuerySet

Columns = tuple[Any, ...]

_PERSON = ("user_id", "user__first_name", "user__last_name", "user__username")
_COURSE = ("course_id", "course__slug", "course__title")
_LESSON = ("lesson_id", "lesson__slug", "lesson__title")


@dataclass(frozen=True, slots=True)
class Source:
    """Where entries of one type come from.

    `at` names the column of the entry's timestamp, `columns` those that `data` reads, `lesson` says whether the
    entry speaks of one.
    """

    type: str
    rows: Callable[[], RecordQuerySet[Any]]
    at: str
    columns: tuple[str, ...]
    data: Callable[..., dict[str, Any]]
    lesson: bool = False

    def select(self, rows: QuerySet[Any]) -> QuerySet[Any, Columns]:
        """The columns of these rows that `entry` reads."""
        return rows.values_list("pk", self.at, *_PERSON, *_COURSE, *(_LESSON if self.lesson else ()), *self.columns)

    def entry(self, columns: Columns) -> Entry:
        """The entry that a selected row is."""
        pk, at, user_id, first, last, username, course_id, course_slug, course_title, *rest = columns
        lesson = dict(zip(("id", "slug", "title"), rest[:3], strict=True)) if self.lesson else None
        return {
            "id": entry_id(self.type, pk),
            "type": self.type,
            "timestamp": timestamp(at),
            "user": {"id": user_id, "name": f"{first} {last}".strip() or username},
            "course": {"id": course_id, "slug": course_slug, "title": course_title},
            "lesson": lesson,
            "data": self.data(*rest[3 if self.lesson else 0 :]),
        }


def _watched(percentage: float, claimed: bool) -> dict[str, Any]:
    watched: dict[str, Any] = {"watch_percentage": cut(percentage)}
    return {**watched, "claimed": True} if claimed else watched


def _update(percentage: float, claimed: bool, status: str) -> dict[str, Any]:
    return {**_watched(percentage, claimed), "status": status}


def _attempt(score: float, passed: bool, attempt_number: int) -> dict[str, Any]:
    return {"score": cut(score), "passed": passed, "attempt_number": attempt_number}


SOURCES = {
    source.type: source
    for source in (
        Source(
            LESSON_COMPLETED,
            lambda: UserProgress.objects.filter(completed_at__isnull=False),
            "completed_at",
            ("completed_percentage", "completed_claimed"),
            _watched,
            lesson=True,
        ),
        Source(
            EXAM_ATTEMPT,
            lambda: ExamAttempt.objects.counting().filter(submitted_at__isnull=False),
            "submitted_at",
            ("score", "passed", "attempt_number"),
            _attempt,
        ),
        Source(
            CERTIFICATION_ISSUED,
            Certification.objects.valid,
            "issued_at",
            ("certificate_id",),
            lambda certificate_id: {"certificate_id": str(certificate_id)},
        ),
        Source(
            PROGRESS_UPDATE,
            lambda: UserProgress.objects.filter(announced_at__isnull=False),
            "announced_at",
            ("announced_percentage", "announced_claimed", "announced_status"),
            _update,
            lesson=True,
        ),
    )
}


def _reading(source: Source) -> Compiled:
    return Compiled(lambda: source.select(source.rows().filter(pk__among=Given("pks"))))


_READING = {type: _reading(source) for type, source in SOURCES.items()}


async def read(type: str, pks: Iterable[int]) -> dict[int, Entry]:
    """Return the entries of one type that these rows are now, by primary key; rows that are gone are left out."""
    source = SOURCES[type]
    return {columns[0]: source.entry(columns) for columns in await _READING[type].rows(pks=sorted(set(pks)))}
