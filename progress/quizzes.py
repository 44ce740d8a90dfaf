"""Quizzes: answers marked and recorded, and what a lesson still waits for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from psycopg import AsyncConnection

from progress import lessons, papers
from progress.models import Lesson, LessonQuiz, QuizAttempt, User
from progress.papers import Marked
from progress.refusals import NotFound
from progress.rows import Key


@dataclass(frozen=True, slots=True)
class Answered:
    """A student's marked answers to the quiz of a lesson, for the recorder."""

    user_id: int
    lesson_id: int
    quiz_id: int
    marked: Marked


def quiz_of(person: User, lesson_id: int) -> LessonQuiz:
    """Return the lesson's quiz if `person` may see the lesson; raises NotFound."""
    seen = lessons.seen_by(person, pk=lesson_id)
    quiz = LessonQuiz.objects.filter(lesson=seen.lesson).first() if seen else None
    if quiz is None:
        raise NotFound("quiz")
    return quiz


def answer(person: User, lesson_id: int, given: object) -> Answered:
    """Mark a student's answers; they count once the recorder has them.

    Raises NotFound, NotEnrolled, and what papers.mark raises.
    """
    lessons.studied_by(person, lesson_id)
    quiz = quiz_of(person, lesson_id)
    return Answered(person.pk, lesson_id, quiz.pk, papers.mark(quiz, given))


def is_pending(person: User, lesson: Lesson) -> bool:
    """Whether the lesson has a required quiz that this person has not passed."""
    quiz = LessonQuiz.objects.filter(lesson=lesson, required=True).first()
    return quiz is not None and not QuizAttempt.objects.filter(user=person, quiz=quiz, passed=True).exists()


async def store(connection: AsyncConnection[Any], answered: Answered, *, course_id: int) -> int:
    """Write an attempt under the lock of the student's progress row, and return its number."""
    cursor = await connection.execute(
        """
        INSERT INTO progress_quizattempt
            (user_id, quiz_id, course_id, attempt_number, submitted_at, score, passed, answers)
        SELECT %(user)s, %(quiz)s, %(course)s, 1 + count(*), clock_timestamp(),
            %(score)s, %(passed)s, %(answers)s::jsonb
        FROM progress_quizattempt WHERE user_id = %(user)s AND quiz_id = %(quiz)s
        RETURNING attempt_number
        """,
        {
            "user": answered.user_id,
            "quiz": answered.quiz_id,
            "course": course_id,
            "score": answered.marked.score,
            "passed": answered.marked.passed,
            "answers": msgspec.json.encode(answered.marked.answers).decode(),
        },
    )
    stored = await cursor.fetchone()
    return int(stored[0]) if stored else 0


async def pending(connection: AsyncConnection[Any], keys: Sequence[Key]) -> set[Key]:
    """Return the (user, lesson) keys whose lesson has a required quiz that the user has not passed.

    Read after the rows are locked: a quiz passed by whoever held a lock before us counts.
    """
    cursor = await connection.execute(
        """
        SELECT k.user_id, k.lesson_id
        FROM unnest(%s::bigint[], %s::bigint[]) AS k(user_id, lesson_id)
        JOIN progress_lessonquiz q ON q.lesson_id = k.lesson_id AND q.required
        WHERE NOT EXISTS (
            SELECT FROM progress_quizattempt a WHERE a.user_id = k.user_id AND a.quiz_id = q.id AND a.passed)
        """,
        [[user_id for user_id, _ in keys], [lesson_id for _, lesson_id in keys]],
    )
    return {(row[0], row[1]) for row in await cursor.fetchall()}
