"""Who is behind the middle of the class: the median of completed lessons over the active students of a course."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from feed.attention import rules
from feed.attention.findings import Finding
from feed.attention.remembered import Remembered
from feed.attention.scope import MOST, Scope
from progress.attention import Kind

REMEMBERED_SECONDS = 300
"""A class's median moves with the days, and costs one look at each completed lesson of the course."""

# Along `progress_done`, which has all that is asked of it. percentile_disc gives a number that somebody has: at least
# half of the students have it or more.
STANDING = """
WITH done AS (
    SELECT taught.id AS course_id, counted.user_id, counted.lessons
    FROM unnest(%(courses)s::bigint[]) AS taught(id) CROSS JOIN LATERAL (
        SELECT user_id, count(*) AS lessons FROM progress_userprogress
        WHERE course_id = taught.id AND completed GROUP BY user_id
    ) counted
), class AS (
    SELECT e.course_id, e.user_id, coalesce(done.lessons, 0) AS lessons
    FROM progress_enrollment e JOIN progress_user u ON u.id = e.user_id AND u.is_active
    LEFT JOIN done ON done.course_id = e.course_id AND done.user_id = e.user_id
    WHERE e.course_id = ANY(%(courses)s) AND e.active AND e.enrolled_at <= %(enrolled)s
), middle AS (
    SELECT course_id, count(*) AS students, percentile_disc(0.5) WITHIN GROUP (ORDER BY lessons) AS median
    FROM class GROUP BY course_id HAVING count(*) >= %(students)s
)
SELECT middle.course_id, students, median, (array_agg(class.user_id ORDER BY class.lessons, class.user_id)
    FILTER (WHERE median - class.lessons >= %(lessons)s AND class.lessons <= median * %(share)s))[1:%(most)s]
FROM middle JOIN class ON class.course_id = middle.course_id
GROUP BY middle.course_id, students, median
"""

# Figures stand in a sentence: those of whoever is listed are counted at that moment.
COUNTED = """
SELECT e.user_id, e.course_id, e.enrolled_at, done.lessons, done.last
FROM unnest(%(users)s::bigint[], %(courses)s::bigint[]) AS asked(user_id, course_id)
JOIN progress_enrollment e ON e.user_id = asked.user_id AND e.course_id = asked.course_id
    AND e.active AND e.enrolled_at <= %(enrolled)s
CROSS JOIN LATERAL (
    SELECT count(*) AS lessons, max(p.completed_at) AS last FROM progress_userprogress p
    WHERE p.course_id = asked.course_id AND p.user_id = asked.user_id AND p.completed
) done
"""


@dataclass(frozen=True, slots=True)
class Middle:
    """A course's median of completed lessons, over how many students, and who is furthest below it."""

    course_id: int
    students: int
    median: int
    below: tuple[int, ...]


def find(scope: Scope) -> list[Finding]:
    """Students who are clearly behind; the median is some minutes old at most, their own figures are of now."""
    middles = {each.course_id: each for each in _remembered.of(scope.courses)}
    asked = [
        (user_id, middle.course_id)
        for middle in middles.values()
        for user_id in (middle.below[: scope.most_of_a_course] if scope.student_id is None else [scope.student_id])
        if scope.includes(user_id)
    ]
    if not asked:
        return []
    with connection.cursor() as cursor:
        users, courses = zip(*asked, strict=True)
        enrolled = scope.now - rules.BEHIND_GRACE
        cursor.execute(COUNTED, {"users": list(users), "courses": list(courses), "enrolled": enrolled})
        counted = cursor.fetchall()
    return [
        Finding(
            Kind.BEHIND,
            user_id,
            course_id,
            None,
            last or enrolled_at,
            middles[course_id].median - done,
            {"done": done, "median": middles[course_id].median, "students": middles[course_id].students},
        )
        for user_id, course_id, enrolled_at, done, last in counted
        if rules.is_behind(done, median=middles[course_id].median, students=middles[course_id].students)
    ]


def read(courses: Collection[int]) -> dict[int, Middle]:
    """The middle of each course that has enough students."""
    with connection.cursor() as cursor:
        cursor.execute(
            STANDING,
            {
                "courses": list(courses),
                "enrolled": timezone.now() - rules.BEHIND_GRACE,
                "students": rules.BEHIND_CLASS,
                "lessons": rules.BEHIND_LESSONS,
                "share": rules.BEHIND_SHARE,
                "most": MOST,
            },
        )
        return {row[0]: Middle(row[0], row[1], row[2], tuple(row[3] or ())) for row in cursor.fetchall()}


_remembered = Remembered(read, seconds=REMEMBERED_SECONDS)
forget = _remembered.forget
