"""Certificates: issued once a student has passed the exam and completed every lesson, whichever came last.

Whoever completes a lesson or passes an exam locks the student's enrolment first and looks then: two transactions that
each brought the last missing thing so come one after the other, and the second sees what the first did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection as django_connection
from psycopg import AsyncConnection

from progress.models import Outbox
from progress.outbox import Reference

Pair = tuple[int, int]  # user id, course id

_LOCK = """
    SELECT e.id FROM progress_enrollment e
    JOIN unnest(%s::bigint[], %s::bigint[]) AS k(user_id, course_id)
      ON k.user_id = e.user_id AND k.course_id = e.course_id
    ORDER BY e.user_id, e.course_id FOR UPDATE OF e
"""

_ISSUE = """
    INSERT INTO progress_certification (user_id, course_id, certificate_id, issued_at)
    SELECT e.user_id, e.course_id, gen_random_uuid(), clock_timestamp()
    FROM progress_enrollment e
    JOIN unnest(%s::bigint[], %s::bigint[]) AS k(user_id, course_id)
      ON k.user_id = e.user_id AND k.course_id = e.course_id
    WHERE e.active
      AND EXISTS (
        SELECT FROM progress_examattempt a JOIN progress_exam x ON x.id = a.exam_id
        WHERE x.course_id = e.course_id AND a.user_id = e.user_id AND a.passed)
      AND NOT EXISTS (
        SELECT FROM progress_lesson l WHERE l.course_id = e.course_id AND NOT EXISTS (
          SELECT FROM progress_userprogress p WHERE p.lesson_id = l.id AND p.user_id = e.user_id AND p.completed))
    ORDER BY e.user_id, e.course_id
    ON CONFLICT (user_id, course_id) DO NOTHING
    RETURNING id, user_id, course_id
"""


async def issue_where_due(connection: AsyncConnection[Any], pairs: Sequence[Pair]) -> list[Reference]:
    """Issue, inside the caller's transaction, the certificates that are due now; return what there is to tell."""
    if not pairs:
        return []
    await connection.execute(_LOCK, _columns(pairs))
    cursor = await connection.execute(_ISSUE, _columns(pairs))
    return _references(await cursor.fetchall())


def issue_where_due_from_thread(pair: Pair) -> list[Reference]:
    """The same for synchronous code, on Django's own connection and in its transaction."""
    with django_connection.cursor() as cursor:
        cursor.execute(_LOCK, _columns([pair]))
        cursor.execute(_ISSUE, _columns([pair]))
        return _references(cursor.fetchall())


def _columns(pairs: Sequence[Pair]) -> list[list[int]]:
    ordered = sorted(set(pairs))
    return [[user_id for user_id, _ in ordered], [course_id for _, course_id in ordered]]


def _references(issued: Sequence[tuple[int, int, int]]) -> list[Reference]:
    return [
        Reference(str(Outbox.Kind.CERTIFICATION_ISSUED), pk, user_id, course_id) for pk, user_id, course_id in issued
    ]
