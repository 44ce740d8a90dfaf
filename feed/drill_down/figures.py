"""How a course goes, in figures: who takes part, how far they get in each lesson, who is where. A few statements,
however many students."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from progress.models import Course, Lesson, User

MOST_NAMES = 5
"""Students named at a lesson; the others are counted."""

# Rows are counted of people who are or were enrolled, once a lesson was begun; a lesson that nobody can watch yet is
# no lesson here. An opened page begins a row, and no lesson.
_BEGUN = """
    WITH begun AS MATERIALIZED (
      SELECT p.user_id, p.lesson_id, p.completed, p.video_watch_percentage AS watched, p.last_accessed, e.active
      FROM progress_userprogress p
      JOIN progress_enrollment e ON e.user_id = p.user_id AND e.course_id = %(course)s
      WHERE p.lesson_id = ANY(%(lessons)s::bigint[]) AND p.status <> 'not_started')
"""

_BY_LESSON = f"""
    {_BEGUN}
    SELECT lesson_id, count(*), count(*) FILTER (WHERE watched >= 50), count(*) FILTER (WHERE completed)
    FROM begun GROUP BY lesson_id
"""  # noqa: S608 - no text of anybody's # nosec B608

_STANDING = f"""
    {_BEGUN}, standing AS (
      SELECT DISTINCT ON (b.user_id) b.user_id, b.lesson_id, b.watched, b.last_accessed
      FROM begun b JOIN progress_lesson l ON l.id = b.lesson_id
      WHERE b.active AND NOT b.completed ORDER BY b.user_id, l."order" DESC, l.id DESC
    ), ranked AS (
      SELECT *, count(*) OVER (PARTITION BY lesson_id) AS there,
        row_number() OVER (PARTITION BY lesson_id ORDER BY last_accessed DESC NULLS LAST, user_id) AS rank
      FROM standing)
    SELECT r.lesson_id, r.there, r.user_id, u.first_name, u.last_name, u.username, r.watched, r.last_accessed
    FROM ranked r JOIN progress_user u ON u.id = r.user_id WHERE r.rank <= %(most)s ORDER BY r.lesson_id, r.rank
"""  # noqa: S608 - no text of anybody's # nosec B608

_STEPS = """
    WITH people AS (SELECT user_id, active FROM progress_enrollment WHERE course_id = %(course)s),
    rows AS (
      SELECT p.user_id, count(*) FILTER (WHERE p.completed) AS completed
      FROM progress_userprogress p JOIN people USING (user_id)
      WHERE p.lesson_id = ANY(%(lessons)s::bigint[]) AND p.status <> 'not_started' GROUP BY p.user_id),
    taken AS (
      SELECT a.user_id, bool_or(a.passed) AS passed FROM progress_examattempt a JOIN people USING (user_id)
      WHERE a.course_id = %(course)s AND a.submitted_at IS NOT NULL AND a.withdrawn_at IS NULL GROUP BY a.user_id)
    SELECT
      (SELECT count(*) FROM people),
      (SELECT count(*) FROM people WHERE active),
      (SELECT count(*) FROM rows),
      (SELECT count(*) FROM rows WHERE completed = cardinality(%(lessons)s::bigint[])),
      (SELECT count(*) FROM taken),
      (SELECT count(*) FROM taken WHERE passed),
      (SELECT count(DISTINCT c.user_id) FROM progress_certification c JOIN people USING (user_id)
       WHERE c.course_id = %(course)s AND c.issued_at IS NOT NULL AND c.withdrawn_at IS NULL)
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """A student who is in the middle of a lesson."""

    student: User
    percentage: float
    last_active: datetime | None


@dataclass(frozen=True, slots=True)
class LessonFigures:
    """How many students came how far in a lesson; `standing` have no later one begun and uncompleted."""

    lesson: Lesson
    started: int
    half: int
    completed: int
    standing: int
    named: Sequence[Standing]

    @property
    def unnamed(self) -> int:
        """How many stand there besides those who are named."""
        return self.standing - len(self.named)


@dataclass(frozen=True, slots=True)
class CourseFigures:
    """How many students came how far in a course: all who are or were enrolled, of whom `active` still are."""

    enrolled: int
    active: int
    started: int
    completed: int
    exam_taken: int
    exam_passed: int
    certified: int
    lessons: Sequence[LessonFigures]

    @property
    def furthest(self) -> LessonFigures | None:
        """The lesson in which most students stand; the first of several, None where nobody stands in any."""
        return max((each for each in self.lessons if each.standing), key=lambda each: each.standing, default=None)


def of(course: Course) -> CourseFigures:
    """The figures of a course; who asks has been asked for their right already."""
    lessons = list(Lesson.objects.ready().filter(course=course).order_by("order", "pk"))
    of_course = {"course": course.pk, "lessons": [lesson.pk for lesson in lessons], "most": MOST_NAMES}
    [(enrolled, active, started, completed, exam_taken, exam_passed, certified)] = _rows(_STEPS, of_course)
    counted = {pk: counts for pk, *counts in _rows(_BY_LESSON, of_course)}
    standing: dict[int, int] = {}
    named: dict[int, list[Standing]] = defaultdict(list)
    for lesson_id, there, pk, first, last, username, watched, last_active in _rows(_STANDING, of_course):
        standing[lesson_id] = there
        student = User(pk=pk, first_name=first, last_name=last, username=username)
        named[lesson_id].append(Standing(student, watched, last_active))
    of_lessons = []
    for lesson in lessons:
        begun, half, done = counted.get(lesson.pk, (0, 0, 0))
        of_lessons.append(LessonFigures(lesson, begun, half, done, standing.get(lesson.pk, 0), named[lesson.pk]))
    return CourseFigures(enrolled, active, started, completed, exam_taken, exam_passed, certified, of_lessons)


def _rows(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
