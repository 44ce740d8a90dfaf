"""A random course: lessons, students at every stage, what they played, attempts, certificates. The same at each run."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone

from progress import coverage
from progress.coverage import Segment
from progress.models import (
    Certification,
    Course,
    Enrollment,
    Exam,
    ExamAttempt,
    Lesson,
    LessonQuiz,
    QuizAttempt,
    User,
    UserProgress,
    WatchedSpan,
)


@dataclass
class School:
    """What was made; everything else is read from the database."""

    course: Course
    lessons: list[Lesson] = field(default_factory=list)
    students: list[User] = field(default_factory=list)


def row(person: User, lesson: Lesson, segments: list[Segment] | None = None, **columns: Any) -> UserProgress:
    """A progress row as the recorder would have left it."""
    now = timezone.now()
    watched = coverage.percentage(segments or [], duration=lesson.duration)
    columns = {"video_watch_percentage": watched, **columns}
    if columns.get("completed"):
        columns |= {"status": "completed", "completed_at": now, "completed_percentage": watched}
    elif columns["video_watch_percentage"] and "status" not in columns:
        columns["status"] = "in_progress"
    return UserProgress(
        user=person,
        lesson=lesson,
        course=lesson.course,
        segments=segments or [],
        budget_at=now,
        **{"last_accessed": now, "started_at": now, **columns},
    )


def make(course: Course, *, lessons: int = 4, students: int = 40, seed: int = 7) -> School:
    """Fill a course."""
    chance, school = random.Random(seed), School(course)
    for number in range(lessons):
        duration = chance.choice([7, 61.5, 300, 1200])
        lesson = Lesson(course=course, title=f"Lesson {number}", slug=f"random-{number}", order=number + 1)
        lesson.duration = duration
        school.lessons.append(lesson)
    Lesson.objects.bulk_create(school.lessons)
    Lesson.objects.create(course=course, title="Not ready", slug="not-ready", order=99)
    quiz = LessonQuiz.objects.create(lesson=school.lessons[0], title="Quiz")
    exam = Exam.objects.create(course=course, title="Exam")
    school.students = User.objects.bulk_create(
        User(username=f"student{seed}-{number}", first_name="Student", last_name=f"{number:03}")
        for number in range(students)
    )
    Enrollment.objects.bulk_create(
        Enrollment(user=each, course=course, active=chance.random() < 0.8) for each in school.students
    )
    rows, spans = [], []
    for student in school.students:
        for lesson in school.lessons:
            if chance.random() < 0.2:
                break
            rows.append(_row(chance, student, lesson))
            spans += _spans(chance, rows[-1])
        for model, of in ((QuizAttempt, {"quiz": quiz}), (ExamAttempt, {"exam": exam})):
            _attempts(chance, model, student, of, course)
        if chance.random() < 0.3:
            _certificate(chance, student, course)
    UserProgress.objects.bulk_create(rows)
    WatchedSpan.objects.bulk_create(spans)
    return school


def _row(chance: random.Random, student: User, lesson: Lesson) -> UserProgress:
    ago = {"last_accessed": timezone.now() - timedelta(minutes=chance.randrange(10_000))}
    kind = chance.random()
    if kind < 0.1:
        return row(student, lesson, status="not_started", **ago)  # opened, nothing played
    if kind < 0.2:
        return row(student, lesson, video_watch_percentage=60, claimed_percentage=60, **ago)
    cuts = sorted(chance.uniform(0, lesson.duration) for _ in range(2 * chance.randrange(1, 5)))
    segments = coverage.union(zip(cuts[::2], cuts[1::2], strict=True))
    return row(student, lesson, segments, completed=chance.random() < 0.4, **ago)


def _spans(chance: random.Random, of: UserProgress) -> list[WatchedSpan]:
    return [
        WatchedSpan(
            user=of.user,
            lesson=of.lesson,
            from_second=start,
            to_second=end,
            at=timezone.now() + timedelta(microseconds=time),
        )
        for start, end in of.segments
        for time in range(chance.randrange(1, 4))
    ]


def _attempts(chance: random.Random, model: Any, student: User, of: dict[str, Any], course: Course) -> None:
    now = timezone.now()
    begun = {"started_at": now} if model is ExamAttempt else {}
    for number in range(1, chance.randrange(0, 4)):
        score = chance.randrange(0, 101)
        withdrawn = now if chance.random() < 0.3 else None
        model.objects.create(
            user=student,
            course=course,
            attempt_number=number,
            submitted_at=now,
            score=score,
            passed=score >= 50,
            withdrawn_at=withdrawn,
            **begun,
            **of,
        )


def _certificate(chance: random.Random, student: User, course: Course) -> None:
    now = timezone.now()
    Certification.objects.create(
        user=student,
        course=course,
        certificate_id=uuid.uuid4(),
        due_at=now,
        issued_at=chance.choice([now, None]),
        withdrawn_at=chance.choice([now, None, None]),
    )
