"""Who left in the middle of a lesson, days ago, and has not come back to the course."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection
from django.utils import timezone

from feed.attention import rules
from feed.attention.findings import Finding
from feed.attention.remembered import Remembered
from feed.attention.scope import MOST, Scope
from progress.attention import Kind

REMEMBERED_SECONDS = 300
"""Who is gone for days is so five minutes later; who has come back meanwhile is left out by `who_came_back`."""

SPARE = 3
"""So many times more are looked at than are listed: those that were dismissed make room for others."""

# Along `progress_under_way`, the newest first, and `progress_days` for what came later. The lesson is the one at which
# the student left: nothing of the course was opened later.
LEFT = """
SELECT found.* FROM unnest(%(courses)s::bigint[]) AS taught(id) CROSS JOIN LATERAL (
    SELECT p.course_id, p.user_id, p.lesson_id, p.last_accessed, p.video_watch_percentage
    FROM progress_userprogress p
    WHERE p.course_id = taught.id AND p.status = 'in_progress'
    AND p.accessed_on BETWEEN %(first_day)s AND %(last_day)s AND p.last_accessed <= %(last)s AND {whom}
    AND NOT EXISTS (
        SELECT FROM progress_userprogress later
        WHERE later.user_id = p.user_id AND later.course_id = p.course_id AND later.accessed_on >= p.accessed_on
        AND (later.last_accessed, later.id) > (p.last_accessed, p.id)
    )
    AND EXISTS (
        SELECT FROM progress_enrollment e WHERE e.user_id = p.user_id AND e.course_id = p.course_id AND e.active
    )
    ORDER BY p.accessed_on DESC LIMIT %(most)s
) found
"""

CAME_BACK = """
SELECT asked.user_id, asked.course_id
FROM unnest(%(users)s::bigint[], %(courses)s::bigint[], %(days)s::date[], %(moments)s::timestamptz[])
    AS asked(user_id, course_id, day, at)
WHERE EXISTS (
    SELECT FROM progress_userprogress later
    WHERE later.user_id = asked.user_id AND later.course_id = asked.course_id AND later.accessed_on >= asked.day
    AND later.last_accessed > asked.at
) OR NOT EXISTS (
    SELECT FROM progress_enrollment e
    WHERE e.user_id = asked.user_id AND e.course_id = asked.course_id AND e.active
)
"""


@dataclass(frozen=True, slots=True)
class Left:
    """A student who left a lesson, when, and how much of it was watched."""

    course_id: int
    user_id: int
    lesson_id: int
    at: datetime
    percentage: float


def find(scope: Scope) -> list[Finding]:
    """Lessons in which somebody stopped days ago, as of some minutes ago."""
    if scope.student_id is not None:
        found = list(read(scope.courses, student_id=scope.student_id).values())
    else:
        found = _remembered.of(scope.courses)
    return [
        Finding(
            Kind.GONE,
            each.user_id,
            each.course_id,
            each.lesson_id,
            each.at,
            int(each.at.timestamp()),
            {"percent": int(each.percentage)},
        )
        for of_a_course in found
        for each in of_a_course[: SPARE * scope.most_of_a_course]
        if scope.includes(each.user_id) and rules.is_gone(each.at, now=scope.now)
    ]


def who_came_back(found: Sequence[Finding]) -> set[tuple[int, int]]:
    """Of these students, each with the course: who was seen in it after that, or studies it no more."""
    if not found:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            CAME_BACK,
            {
                "users": [each.user_id for each in found],
                "courses": [each.course_id for each in found],
                "days": [each.since.astimezone(UTC).date() for each in found],
                "moments": [each.since for each in found],
            },
        )
        return {(user_id, course_id) for user_id, course_id in cursor.fetchall()}


def read(
    courses: Collection[int], *, student_id: int | None = None, now: datetime | None = None
) -> dict[int, list[Left]]:
    """Who left, by course; of one student where only that one is asked for."""
    now = now or timezone.now()
    last, first = now - rules.GONE_AFTER, now - rules.GONE_FORGOTTEN
    found: dict[int, list[Left]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            LEFT.format(whom="true" if student_id is None else "p.user_id = %(student)s"),
            {
                "courses": list(courses),
                "student": student_id,
                "first_day": first.astimezone(UTC).date(),
                "last_day": last.astimezone(UTC).date(),
                "last": last,
                "most": SPARE * MOST,
            },
        )
        for row in cursor.fetchall():
            found.setdefault(row[0], []).append(Left(*row))
    for of_a_course in found.values():
        of_a_course.sort(key=lambda left: left.at, reverse=True)
    return found


_remembered = Remembered(read, seconds=REMEMBERED_SECONDS)
forget = _remembered.forget
