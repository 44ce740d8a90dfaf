"""Who plays the same part again and again: found in the watched spans of whoever has watched within half an hour."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection
from django.utils import timezone

from feed.attention import rules
from feed.attention.findings import Finding
from feed.attention.remembered import Remembered
from feed.attention.rules import Part, Play
from feed.attention.scope import Scope
from progress.attention import Kind

REMEMBERED_SECONDS = 20
"""A class of 500 leaves some 180,000 spans in half an hour: read three times a minute, however many pages ask."""

# Along `progress_under_way`, then `watchedspan_by_lesson` of this month's partition and, at its beginning, the last
# one's. Spans are handed over only of rows in which so many seconds were played twice more that a part can be among
# them; that is, of few. Milliseconds, because PostgreSQL has ranges of whole numbers.
REPLAYED = """
SELECT p.course_id, p.user_id, p.lesson_id, played.starts, played.ends, played.moments
FROM progress_userprogress p
CROSS JOIN LATERAL (
    SELECT array_agg(s.from_second) AS starts, array_agg(s.to_second) AS ends, array_agg(s.at) AS moments,
        sum(s.to_second - s.from_second) AS seconds,
        range_agg(int8range((s.from_second * 1000)::bigint, (s.to_second * 1000)::bigint)) AS covered
    FROM progress_watchedspan s
    WHERE s.lesson_id = p.lesson_id AND s.user_id = p.user_id AND s.at >= %(since)s AND s.to_second > s.from_second
) played
WHERE p.course_id = ANY(%(courses)s) AND p.status = 'in_progress'
AND p.accessed_on >= %(day)s AND p.last_accessed >= %(since)s
AND played.seconds - (SELECT sum(upper(each) - lower(each)) / 1000.0 FROM unnest(played.covered) each) >= %(again)s
AND EXISTS (
    SELECT FROM progress_enrollment e WHERE e.user_id = p.user_id AND e.course_id = p.course_id AND e.active
)
"""


@dataclass(frozen=True, slots=True)
class Stuck:
    """A student who plays a part of a lesson over and over."""

    user_id: int
    lesson_id: int
    part: Part


def find(scope: Scope) -> list[Finding]:
    """Students who are stuck, as of some seconds ago."""
    return [
        Finding(
            Kind.STUCK,
            each.user_id,
            course_id,
            each.lesson_id,
            each.part.since,
            int((each.part.start + each.part.end) / 2),
            {"start": int(each.part.start), "end": int(each.part.end), "times": each.part.times},
        )
        for course_id, stuck in _remembered.of(scope.courses)
        for each in stuck
        if scope.includes(each.user_id)
    ]


def read(courses: Collection[int], *, now: datetime | None = None) -> dict[int, tuple[int, list[Stuck]]]:
    """Who is stuck, by course."""
    since = (now or timezone.now()) - rules.STUCK_WINDOW
    found: dict[int, tuple[int, list[Stuck]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            REPLAYED,
            {
                "courses": list(courses),
                "since": since,
                "day": since.astimezone(UTC).date(),
                # Each second of a part but the first time; a little less, since they are rounded.
                "again": (rules.STUCK_TIMES - 1) * rules.STUCK_SECONDS - 0.5,
            },
        )
        for course_id, user_id, lesson_id, starts, ends, moments in cursor.fetchall():
            plays = [Play(*play) for play in zip(starts, ends, moments, strict=True)]
            if part := rules.stuck_part(plays):
                found.setdefault(course_id, (course_id, []))[1].append(Stuck(user_id, lesson_id, part))
    return found


_remembered = Remembered(read, seconds=REMEMBERED_SECONDS)
forget = _remembered.forget
