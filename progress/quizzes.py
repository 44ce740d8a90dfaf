"""Quizzes: answers marked and recorded, and what a lesson still waits for."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from django.utils.translation import gettext as _
from psycopg import AsyncConnection, AsyncCursor

from progress import lessons, papers
from progress.arrays import array
from progress.models import LessonQuiz, QuizAttempt, User
from progress.papers import Marked, Result
from progress.refusals import BadValue, NotFound
from progress.rows import Key


@dataclass(frozen=True, slots=True)
class Answered:
    """A student's marked answers to the quiz of a lesson, for the recorder.

    `submission` makes answers that come again known: they are one attempt, whose first result stands.
    """

    user_id: int
    lesson_id: int
    quiz_id: int
    marked: Marked
    submission: UUID | None = None


def quiz_of(person: User, lesson_id: int) -> LessonQuiz:
    """Return the lesson's quiz if `person` may see the lesson; raises NotFound."""
    seen = lessons.seen_by(person, pk=lesson_id)
    quiz = LessonQuiz.objects.filter(lesson=seen.lesson).first() if seen else None
    if quiz is None:
        raise NotFound("quiz")
    return quiz


def answer(person: User, lesson_id: int, given: object, submission: object = None) -> Answered:
    """Mark a student's answers; they count once the recorder has them.

    Raises NotFound, NotEnrolled, BadValue (`invalid_submission`) and what papers.mark raises.
    """
    lessons.studied_by(person, lesson_id)
    quiz, known_as = quiz_of(person, lesson_id), _parse_submission(submission)
    return Answered(person.pk, lesson_id, quiz.pk, _marked(person, quiz, given, known_as), known_as)


def _marked(person: User, quiz: LessonQuiz, given: object, submission: UUID | None) -> Marked:
    # What is stored is not marked again: the quiz may have been edited since, and its first result stands.
    known = QuizAttempt.objects.filter(user=person, quiz=quiz, submission=submission).first() if submission else None
    return Marked(known.answers, known.score, known.passed) if known else papers.mark(quiz, given)


def _parse_submission(value: object) -> UUID | None:
    try:
        return None if value is None else msgspec.convert(value, UUID)
    except (msgspec.ValidationError, UnicodeEncodeError):  # the latter for half a surrogate pair, as JSON may escape it
        sentence = _("submission must be a UUID; got %(got)s.") % {"got": reprlib.repr(value)}
        raise BadValue("invalid_submission", sentence) from None


async def store(connection: AsyncConnection[Any], answered: Answered, *, course_id: int) -> Result:
    """Write an attempt under the lock of the student's progress row, and return its result.

    Where this submission is stored already, nothing is written, and the result is that of the attempt which is there.
    """
    # The last SELECT does not see what the INSERT wrote, so there is one row in either case. Without a submission
    # nothing conflicts and nothing is found: NULL equals nothing.
    cursor = await connection.execute(
        """
        WITH made AS (
            INSERT INTO progress_quizattempt
                (user_id, quiz_id, course_id, attempt_number, submitted_at, score, passed, answers, submission)
            SELECT %(user)s, %(quiz)s, %(course)s, 1 + count(*), clock_timestamp(),
                %(score)s, %(passed)s, %(answers)s::jsonb, %(submission)s::uuid
            FROM progress_quizattempt WHERE user_id = %(user)s AND quiz_id = %(quiz)s
            ON CONFLICT (user_id, quiz_id, submission) DO NOTHING
            RETURNING score, passed, attempt_number
        )
        SELECT score, passed, attempt_number FROM made
        UNION ALL
        SELECT score, passed, attempt_number FROM progress_quizattempt
        WHERE user_id = %(user)s AND quiz_id = %(quiz)s AND submission = %(submission)s::uuid
        """,
        {
            "user": answered.user_id,
            "quiz": answered.quiz_id,
            "course": course_id,
            "score": answered.marked.score,
            "passed": answered.marked.passed,
            "answers": msgspec.json.encode(answered.marked.answers).decode(),
            "submission": answered.submission,
        },
    )
    found = await cursor.fetchone()
    if found is None:
        raise RuntimeError("PostgreSQL gave no attempt")
    score, passed, number = found
    return Result(score, passed, number)


async def ask_pending(connection: AsyncConnection[Any], keys: Sequence[Key]) -> AsyncCursor[Key]:
    """Ask for the (user, lesson) keys whose lesson has a required quiz that the user has not passed.

    Asked after the rows are locked: a quiz passed by whoever held a lock before us counts.
    """
    return await connection.execute(
        """
        SELECT k.user_id, k.lesson_id
        FROM unnest(%s::bigint[], %s::bigint[]) AS k(user_id, lesson_id)
        JOIN progress_lessonquiz q ON q.lesson_id = k.lesson_id AND q.required
        WHERE NOT EXISTS (
            SELECT FROM progress_quizattempt a
            WHERE a.user_id = k.user_id AND a.quiz_id = q.id AND a.passed AND a.withdrawn_at IS NULL)
        """,
        [array([user_id for user_id, _ in keys]), array([lesson_id for _, lesson_id in keys])],
    )
