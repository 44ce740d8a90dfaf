"""How a lesson is watched: its retention, what is watched again, where students stop; read along indexes, aggregated in
PostgreSQL (docs/adr/0017-drill-downs.md has the figures)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from feed.drill_down.retention import Gathered, Part, count_of_parts, cut_up
from progress.models import Lesson

MOST_PLAYERS = 200
"""Students whose every played stretch is read, those who watched last: a stretch is written every five seconds."""

# What is watched begins and ends inside the lesson: its film may have become shorter since.
_PART = "least(floor(least(greatest({}, 0), %(duration)s) / %(length)s), %(parts)s)::int"
_INSIDE = "sum(least(greatest({}, 0), %(duration)s))"
_GATHERED = (
    f"{_PART.format('begins')}, {_PART.format('ends')}, count(*), {_INSIDE.format('begins')}, {_INSIDE.format('ends')}"
)

_ROWS = """
    FROM progress_userprogress p
    JOIN progress_enrollment e ON e.user_id = p.user_id AND e.course_id = %(course)s
    WHERE p.lesson_id = %(lesson)s
"""

_STUDENTS = f"""
    SELECT count(*) FILTER (WHERE p.segments <> '[]'),
      count(*) FILTER (WHERE p.segments = '[]' AND p.claimed_percentage > 0) {_ROWS}
"""

_WATCHED = f"""
    SELECT {_GATHERED}
    FROM (SELECT (s->0)::float8 AS begins, (s->1)::float8 AS ends
          FROM (SELECT p.segments {_ROWS}) AS r, jsonb_array_elements(r.segments) AS s) AS stretches
    GROUP BY 1, 2
"""  # noqa: S608 - no text of anybody's # nosec B608

# Where the last second lies that was watched: at the very edge it is the part before.
_STOPPED = f"""
    SELECT greatest(0, least(ceil((p.segments->-1->1)::float8 / %(length)s) - 1, %(parts)s - 1))::int, count(*)
    {_ROWS} AND NOT p.completed AND p.segments <> '[]' GROUP BY 1
"""

_PLAYERS = f"""
    SELECT p.user_id {_ROWS} AND p.segments <> '[]'
    ORDER BY p.last_accessed DESC NULLS LAST, p.user_id LIMIT %(most)s
"""

_PLAYED = f"""
    SELECT {_GATHERED}
    FROM (SELECT from_second AS begins, to_second AS ends FROM progress_watchedspan
          WHERE lesson_id = %(lesson)s AND user_id = ANY(%(players)s::bigint[])) AS stretches
    GROUP BY 1, 2
"""  # noqa: S608 - no text of anybody's # nosec B608


@dataclass(frozen=True, slots=True)
class Watching:
    """How a lesson is watched by the `students` of whom it is known which seconds they played.

    Of `claiming` students it is not: their player says no more than a percentage. `players` of the students are those
    whose plays are counted.
    """

    lesson: Lesson
    students: int
    claiming: int
    players: int
    parts: Sequence[Part]

    @property
    def uncompleted(self) -> int:
        """How many of them have not completed the lesson."""
        return sum(part.stopped for part in self.parts)

    @property
    def left_in(self) -> Part | None:
        """The part in which most of those stopped, the first of several; None where nobody did."""
        return max(self.parts, key=lambda part: part.stopped) if self.uncompleted else None

    @property
    def played_most(self) -> Part | None:
        """The part that is played most often, the first of several; None where none is played more than once."""
        most = max(self.parts, key=lambda part: part.plays)
        return most if most.plays > 1 else None

    @property
    def middle(self) -> Part:
        """The part in the middle of the lesson."""
        return self.parts[len(self.parts) // 2]


def of(lesson: Lesson) -> Watching:
    """How this lesson is watched; who asks has been asked for their right already."""
    parts = count_of_parts(lesson.duration)
    asked: dict[str, Any] = {
        "lesson": lesson.pk,
        "course": lesson.course_id,
        "duration": lesson.duration,
        "parts": parts,
        "length": lesson.duration / parts,
        "most": MOST_PLAYERS,
    }
    with connection.cursor() as cursor:

        def rows(statement: str) -> list[tuple[Any, ...]]:
            cursor.execute(statement, asked)
            return list(cursor.fetchall())

        [(students, claiming)] = rows(_STUDENTS)
        watched = [Gathered(*row) for row in rows(_WATCHED)]
        stopped = dict(rows(_STOPPED))
        asked["players"] = [pk for (pk,) in rows(_PLAYERS)]
        played = [Gathered(*row) for row in rows(_PLAYED)]
    drawn = cut_up(
        duration=lesson.duration,
        students=students,
        watched=watched,
        played=played,
        players=len(asked["players"]),
        stopped=[stopped.get(index, 0) for index in range(parts)],
    )
    return Watching(lesson, students, claiming, len(asked["players"]), drawn)
