"""All that is known of one student in some courses: lessons, attempts, certificates, corrections; one query a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from progress import coverage, gate, suspicions
from progress.models import (
    Certification,
    Correction,
    Course,
    Enrollment,
    ExamAttempt,
    Lesson,
    QuizAttempt,
    User,
    UserProgress,
)
from progress.suspicions import Suspicion

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class StudiedLesson:
    """A lesson and what the student has done in it; `wants` says in sentences why it is not completed yet."""

    lesson: Lesson
    row: UserProgress | None
    wants: Sequence[str]
    attempts: Sequence[QuizAttempt]
    confirmations: Sequence[Correction]

    @property
    def percentage(self) -> float:
        """How much counts as watched."""
        return self.row.video_watch_percentage if self.row else 0.0

    @property
    def status(self) -> str:
        """How far the student is."""
        return self.row.status if self.row else UserProgress.Status.NOT_STARTED.value

    @property
    def completed(self) -> bool:
        """Whether it is completed."""
        return self.row is not None and self.row.completed

    @property
    def claimed(self) -> bool:
        """Whether the percentage is only claimed, more than was seen to be played."""
        if self.row is None:
            return False
        played = [(start, end) for start, end in self.row.segments]
        return self.row.claimed_percentage > coverage.percentage(played, duration=self.lesson.duration)

    @property
    def suspicion(self) -> Suspicion | None:
        """What does not count there, and why."""
        return suspicions.about(self.row) if self.row and self.row.suspicious else None


@dataclass(frozen=True, slots=True)
class StudiedCourse:
    """A course with all that the student has done in it; `corrections` are those that concern no lesson."""

    course: Course
    enrollment: Enrollment | None
    lessons: Sequence[StudiedLesson]
    exam_attempts: Sequence[ExamAttempt]
    certificates: Sequence[Certification]
    corrections: Sequence[Correction]

    @property
    def completed_count(self) -> int:
        """How many of its lessons are completed."""
        return sum(each.completed for each in self.lessons)


@dataclass(frozen=True, slots=True)
class Studies:
    """What is shown of a student, who studies there `since` the first of these enrolments."""

    courses: Sequence[StudiedCourse]
    since: datetime | None
    last_active: datetime | None


def studies_of(student: User, *, viewer: User) -> Studies:
    """Everything about this student in the courses that `viewer` teaches."""
    courses = list(Course.objects.taught_by(viewer).with_traces_of(student).order_by("title", "pk"))
    theirs: dict[str, Any] = {"user": student, "course__in": courses}
    enrollments = {each.course_id: each for each in Enrollment.objects.filter(**theirs)}
    rows = {row.lesson_id: row for row in UserProgress.objects.filter(**theirs)}
    quizzes = list(QuizAttempt.objects.filter(**theirs).select_related("quiz").order_by("attempt_number"))
    exams = list(ExamAttempt.objects.filter(**theirs).select_related("exam").order_by("attempt_number"))
    certificates = Certification.objects.filter(**theirs).order_by("due_at", "pk")
    corrections = list(Correction.objects.filter(**theirs).order_by("at", "pk"))
    confirmed = Correction.Kind.LESSON_CONFIRMED

    attempts_at = _by((each.quiz.lesson_id, each) for each in quizzes)
    confirmations_of = _by((each.object_id, each) for each in corrections if each.kind == confirmed)
    lessons_in = _by(
        (
            lesson.course_id,
            _lesson(lesson, rows.get(lesson.pk), attempts_at[lesson.pk], confirmations_of),
        )
        for lesson in Lesson.objects.ready().filter(course__in=courses).select_related("course", "quiz")
    )
    exams_in = _by((each.course_id, each) for each in exams)
    certificates_in = _by((each.course_id, each) for each in certificates)
    corrections_in = _by((each.course_id, each) for each in corrections if each.kind != confirmed)
    moments: list[datetime | None] = [row.last_accessed for row in rows.values()]
    moments += [each.submitted_at for each in quizzes]
    moments += [each.submitted_at for each in exams]
    return Studies(
        courses=[
            StudiedCourse(
                course,
                enrollments.get(course.pk),
                lessons_in[course.pk],
                exams_in[course.pk],
                certificates_in[course.pk],
                corrections_in[course.pk],
            )
            for course in courses
        ],
        since=min((each.enrolled_at for each in enrollments.values()), default=None),
        last_active=max((at for at in moments if at), default=None),
    )


def _by(pairs: Iterable[tuple[int, Kept]]) -> dict[int, list[Kept]]:
    gathered: dict[int, list[Kept]] = defaultdict(list)
    for key, value in pairs:
        gathered[key].append(value)
    return gathered


def _lesson(
    lesson: Lesson,
    row: UserProgress | None,
    attempts: list[QuizAttempt],
    confirmations_of: dict[int, list[Correction]],
) -> StudiedLesson:
    wants: list[str] = []
    if row is None or not row.completed:
        percentage, threshold = (row.video_watch_percentage if row else 0.0), lesson.completion_threshold
        passed = any(each.passed and each.withdrawn_at is None for each in attempts)
        pending = hasattr(lesson, "quiz") and lesson.quiz.required and not passed
        missing = gate.missing(percentage=percentage, threshold=threshold, quiz_pending=pending)
        wants = gate.in_words(missing, percentage=percentage, threshold=threshold)
    return StudiedLesson(lesson, row, wants, attempts, confirmations_of[row.pk] if row else [])
