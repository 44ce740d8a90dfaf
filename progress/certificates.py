"""Certificates: due once a student has passed the exam and completed every lesson, whichever came last.

Whoever completes a lesson or passes an exam locks the student's enrolment first and looks then: two transactions that
each brought the last missing thing so come one after the other, and the second sees what the first did.

This site issues a certificate at once, in the same transaction. An outside issuer is asked by a job (progress.issuing),
written in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection as django_connection
from psycopg import AsyncConnection

from progress import issuers, issuing, jobs
from progress.issuing import issue_certificate, revoke_certificate
from progress.models import Certification, Outbox
from progress.outbox import Reference

Pair = tuple[int, int]  # user id, course id

_LOCK = """
    SELECT e.id FROM progress_enrollment e
    JOIN unnest(%s::bigint[], %s::bigint[]) AS k(user_id, course_id)
      ON k.user_id = e.user_id AND k.course_id = e.course_id
    ORDER BY e.user_id, e.course_id FOR UPDATE OF e
"""

# An attempt that was withdrawn does not count, and a lesson that nobody can watch yet is not asked for; but where there
# is no other lesson, nobody has completed the course.
_DUE = """
    e.active
    AND EXISTS (
      SELECT FROM progress_examattempt a JOIN progress_exam x ON x.id = a.exam_id
      WHERE x.course_id = e.course_id AND a.user_id = e.user_id AND a.passed AND a.withdrawn_at IS NULL)
    AND EXISTS (SELECT FROM progress_lesson l WHERE l.course_id = e.course_id AND l.duration > 0)
    AND NOT EXISTS (
      SELECT FROM progress_lesson l WHERE l.course_id = e.course_id AND l.duration > 0 AND NOT EXISTS (
        SELECT FROM progress_userprogress p WHERE p.lesson_id = l.id AND p.user_id = e.user_id AND p.completed))
"""

_ISSUE = """
    INSERT INTO progress_certification
        (user_id, course_id, certificate_id, due_at, issued_at, external_id, external_url, tries, problem, refused)
    SELECT k.user_id, k.course_id, gen_random_uuid(), t.now, CASE WHEN %s THEN t.now END, '', '', 0, '', false
    FROM unnest(%s::bigint[], %s::bigint[]) AS k(user_id, course_id)
    CROSS JOIN (SELECT clock_timestamp() AS now) AS t
"""

_ONCE = """
    ORDER BY k.user_id, k.course_id
    ON CONFLICT (user_id, course_id) WHERE withdrawn_at IS NULL DO NOTHING
    RETURNING id, user_id, course_id, certificate_id
"""

_ISSUE_WHERE_DUE = f"""{_ISSUE}
    JOIN progress_enrollment e ON e.user_id = k.user_id AND e.course_id = k.course_id
    WHERE {_DUE} {_ONCE}"""
_ISSUE_ANEW = f"{_ISSUE} {_ONCE}"

Issued = tuple[int, int, int, UUID]  # number of the certificate, user, course, id of the certificate


async def issue_where_due(connection: AsyncConnection[Any], pairs: Sequence[Pair]) -> list[Reference]:
    """Issue, inside the caller's transaction, the certificates that are due now; return what there is to tell."""
    if not pairs:
        return []
    await connection.execute(_LOCK, _columns(pairs))
    cursor = await connection.execute(_ISSUE_WHERE_DUE, [issuers.outside() is None, *_columns(pairs)])
    issued = await cursor.fetchall()
    if issuers.outside() is None:
        return [_told(each) for each in issued]
    await jobs.defer(connection, issue_certificate, *map(_named, issued))
    return []


def issue_where_due_from_thread(pairs: Sequence[Pair]) -> list[Reference]:
    """The same for synchronous code, on Django's own connection and in its transaction."""
    return _issue_from_thread(_ISSUE_WHERE_DUE, pairs)


def withdraw_from_thread(pair: Pair, *, anew: bool) -> tuple[Certification | None, list[Reference]]:
    """Withdraw the certificate that stands, in the caller's transaction; with `anew` issue another in its place.

    Return the one withdrawn, if there was one, and what there is to tell. Another one is issued whatever the
    conditions are now: they were met once, and lessons may have been added since.
    """
    with django_connection.cursor() as cursor:
        cursor.execute(_LOCK, _columns([pair]))
        cursor.execute(
            """
            UPDATE progress_certification SET withdrawn_at = clock_timestamp()
            WHERE user_id = %s AND course_id = %s AND withdrawn_at IS NULL RETURNING id
            """,
            pair,
        )
        found = cursor.fetchone()
    if found is None:
        return None, []
    withdrawn = Certification.objects.get(pk=found[0])
    if issuers.outside() is not None:  # asked perhaps a moment ago, by a job that is still waiting for the answer
        jobs.defer_from_thread(revoke_certificate, issuing.named(withdrawn))
    taken_back = Reference(str(Outbox.Kind.ENTRIES_WITHDRAWN), withdrawn.pk, *pair, "certification_issued")
    told = [taken_back] if withdrawn.issued_at is not None else []
    return withdrawn, told + (_issue_from_thread(_ISSUE_ANEW, [pair], at_least=1) if anew else [])


def _issue_from_thread(statement: str, pairs: Sequence[Pair], *, at_least: int = 0) -> list[Reference]:
    if not pairs:
        return []
    with django_connection.cursor() as cursor:
        cursor.execute(_LOCK, _columns(pairs))
        cursor.execute(statement, [issuers.outside() is None, *_columns(pairs)])
        issued: list[Issued] = cursor.fetchall()
    if len(issued) < at_least:  # ends the transaction: what was withdrawn for it stands
        raise RuntimeError("A certificate was to be issued and was not")
    if issuers.outside() is None:
        return [_told(each) for each in issued]
    jobs.defer_from_thread(issue_certificate, *map(_named, issued))
    return []


def _columns(pairs: Sequence[Pair]) -> list[list[int]]:
    ordered = sorted(set(pairs))
    return [[user_id for user_id, _ in ordered], [course_id for _, course_id in ordered]]


def _named(issued: Issued) -> dict[str, Any]:
    return {"certificate": issued[0], "reference": str(issued[3])}


def _told(issued: Issued) -> Reference:
    pk, user_id, course_id, _id = issued
    return Reference(str(Outbox.Kind.CERTIFICATION_ISSUED), pk, user_id, course_id)
