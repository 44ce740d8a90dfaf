"""Who has failed a quiz again, read course by course along an index, the newest first."""

from __future__ import annotations

from django.db import connection

from feed.attention import rules
from feed.attention.dismissals import NOT_DISMISSED
from feed.attention.findings import Finding
from feed.attention.scope import Scope
from progress.attention import Kind

# One branch a course, each along `quiz_failed` and ended by its limit. Of an attempt that is not the newest of its quiz
# nothing is said; a lesson that is completed wants nothing of its quiz any more.
FAILED = """
SELECT found.* FROM unnest(%(courses)s::bigint[]) AS taught(id) CROSS JOIN LATERAL (
    SELECT a.user_id, a.course_id, q.lesson_id, a.submitted_at, a.attempt_number, a.score, q.pass_mark, counting.passed
    FROM progress_quizattempt a
    JOIN progress_lessonquiz q ON q.id = a.quiz_id
    CROSS JOIN LATERAL (
        SELECT array_agg(c.passed ORDER BY c.attempt_number DESC) AS passed, max(c.attempt_number) AS newest
        FROM progress_quizattempt c
        WHERE c.user_id = a.user_id AND c.quiz_id = a.quiz_id AND c.withdrawn_at IS NULL
    ) counting
    WHERE a.course_id = taught.id AND a.passed = false AND a.withdrawn_at IS NULL AND a.attempt_number >= %(fails)s
    AND a.submitted_at >= %(recent)s
    AND a.attempt_number = counting.newest AND cardinality(counting.passed) >= %(fails)s
    AND NOT true = ANY (counting.passed)
    AND NOT EXISTS (
        SELECT FROM progress_userprogress p
        WHERE p.user_id = a.user_id AND p.lesson_id = q.lesson_id AND p.completed
    )
    AND EXISTS (
        SELECT FROM progress_enrollment e WHERE e.user_id = a.user_id AND e.course_id = a.course_id AND e.active
    )
    AND {whom} AND {not_dismissed}
    ORDER BY a.submitted_at DESC LIMIT %(most)s
) found
"""


def find(scope: Scope) -> list[Finding]:
    """Quizzes that were failed again within a week, and are not passed."""
    statement = FAILED.format(
        whom=scope.condition("a.user_id"),
        not_dismissed=NOT_DISMISSED.format(
            course="a.course_id",
            user="a.user_id",
            kind="'quiz_failed'",
            lesson="q.lesson_id",
            episode="a.attempt_number",
        ),
    )
    recent = {"recent": scope.now - rules.QUIZ_RECENT, "fails": rules.QUIZ_FAILS}
    with connection.cursor() as cursor:
        cursor.execute(statement, scope.parameters() | recent)
        rows = cursor.fetchall()
    return [
        Finding(
            Kind.QUIZ_FAILED,
            user_id,
            course_id,
            lesson_id,
            submitted_at,
            attempt_number,
            {"fails": fails, "score": int(score), "mark": int(mark)},
        )
        for user_id, course_id, lesson_id, submitted_at, attempt_number, score, mark, passed in rows
        if (fails := rules.failed_again(passed))
    ]
