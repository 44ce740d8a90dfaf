"""The corpus in every field of the school: text number i is name, title, question and reason of everything number i."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from progress import outbox
from progress.models import (
    Certification,
    Choice,
    Correction,
    Course,
    Enrollment,
    Exam,
    ExamAttempt,
    Lesson,
    LessonQuiz,
    Outbox,
    Question,
    User,
    UserProgress,
)
from progress.outbox import Reference
from progress.text import normalised
from tests.cast import Cast
from tests.hostile.corpus import CORPUS

Told = Sequence[UserProgress | ExamAttempt | Certification]


@dataclass(frozen=True, slots=True)
class Stage:
    """Person i studies course i with lesson i; `crowd` is a course with all lessons and questions, studied by ada."""

    people: list[User]
    courses: list[Course]
    lessons: list[Lesson]
    exams: list[Exam]
    crowd: Course
    crowded: list[Lesson]


def put(cast: Cast) -> Stage:
    """Fill the school."""
    people = User.objects.bulk_create(
        User(
            username=text,
            search_text=normalised(text),
            **{("first_name", "last_name")[number % 2]: text},
        )
        for number, text in enumerate(CORPUS)
    )
    courses = Course.objects.bulk_create(
        Course(title=text, slug=f"course-{number}", search_text=normalised(text)) for number, text in enumerate(CORPUS)
    )
    crowd = Course.objects.create(title="Crowd", slug="crowd")
    crowd.instructors.add(cast.grace)
    lessons = _lessons(courses)
    crowded = _lessons([crowd] * len(CORPUS))
    Enrollment.objects.bulk_create(
        Enrollment(user=person, course=course)
        for person, course in [*zip(people, courses, strict=True), *((cast.ada, each) for each in [*courses, crowd])]
    )
    quizzes = LessonQuiz.objects.bulk_create(
        LessonQuiz(lesson=lesson, title=lesson.title) for lesson in [*lessons, crowded[0]]
    )
    exams = Exam.objects.bulk_create(Exam(course=course, title=course.title) for course in [*courses, crowd])
    for of in ({"quiz": quizzes[-1]}, {"exam": exams[-1]}):
        _ask(Question.objects.bulk_create(Question(text=text, order=n, **of) for n, text in enumerate(CORPUS)))
    return Stage(people, courses, lessons, exams, crowd, crowded)


def _lessons(courses: Sequence[Course]) -> list[Lesson]:
    return Lesson.objects.bulk_create(
        Lesson(
            course=course,
            title=text,
            slug=f"lesson-{number}",
            order=number,
            duration=100,
            search_text=normalised(text),
            upload_problem=text,
        )
        for number, (course, text) in enumerate(zip(courses, CORPUS, strict=True))
    )


def _ask(questions: Sequence[Question]) -> None:
    Choice.objects.bulk_create(
        Choice(question=question, order=order, text=text, correct=order == 0)
        for question in questions
        for order, text in enumerate((question.text, "plain"))
    )


def tell(kind: str, stage: Stage, numbers: range) -> list[int]:
    """Let entries of one type happen to these people, the last one last, and tell; returns their rows' ids."""
    with transaction.atomic():
        rows, signal = _HAPPEN[kind](stage, numbers)
        outbox.write_and_tell([Reference(str(signal), row.pk, row.user_id, row.course_id) for row in rows])
    return [row.pk for row in rows]


def _progress(stage: Stage, numbers: range) -> tuple[Told, str]:
    now = timezone.now()
    rows = UserProgress.objects.bulk_create(
        UserProgress(
            user=stage.people[n],
            lesson=stage.crowded[n],
            course=stage.crowd,
            status="in_progress",
            video_watch_percentage=60.0,
            announced_at=now + timedelta(microseconds=n),
            announced_percentage=60.0,
            announced_claimed=n % 2 == 0,
            announced_status="in_progress",
            budget_at=now,
            # The newest of these are on the dashboard's panel.
            suspicious="It outran the clock." if n % 20 == 0 else "",
            unpaid_segments=[[0, 100]],
            last_accessed=now,
            players=[[stage.people[n].username[:64], 1]],
        )
        for n in numbers
    )
    return rows, Outbox.Kind.PROGRESS_ANNOUNCED


def _completed(stage: Stage, numbers: range) -> tuple[Told, str]:
    now = timezone.now()
    rows = UserProgress.objects.bulk_create(
        UserProgress(
            user=stage.people[n],
            lesson=stage.lessons[n],
            course=stage.courses[n],
            status="completed",
            completed=True,
            completed_at=now + timedelta(microseconds=n),
            completed_percentage=95.0,
            completed_claimed=False,
            video_watch_percentage=95.0,
            budget_at=now,
        )
        for n in numbers
    )
    return rows, Outbox.Kind.LESSON_COMPLETED


def _attempted(stage: Stage, numbers: range) -> tuple[Told, str]:
    now = timezone.now()
    rows = ExamAttempt.objects.bulk_create(
        ExamAttempt(
            user=stage.people[n],
            exam=stage.exams[n],
            course=stage.courses[n],
            attempt_number=1,
            started_at=now,
            submitted_at=now + timedelta(microseconds=n),
            score=80.0,
            passed=True,
        )
        for n in numbers
    )
    return rows, Outbox.Kind.EXAM_ATTEMPTED


def _certified(stage: Stage, numbers: range) -> tuple[Told, str]:
    now = timezone.now()
    rows = Certification.objects.bulk_create(
        Certification(
            user=stage.people[n],
            course=stage.courses[n],
            certificate_id=uuid.uuid4(),
            due_at=now,
            issued_at=now + timedelta(microseconds=n),
            problem=stage.courses[n].title,
            external_id=stage.courses[n].title,
        )
        for n in numbers
    )
    return rows, Outbox.Kind.CERTIFICATION_ISSUED


_HAPPEN = {
    "progress_update": _progress,
    "lesson_completed": _completed,
    "exam_attempt": _attempted,
    "certification_issued": _certified,
}


def correct(stage: Stage) -> None:
    """An audit record about each person, whose every text is theirs."""
    Correction.objects.bulk_create(
        Correction(
            kind=Correction.Kind.LESSON_CONFIRMED,
            at=timezone.now(),
            by_name=text,
            user=person,
            course=course,
            subject=text,
            object_id=1,
            reason=text,
        )
        for text, person, course in zip(CORPUS, stage.people, stage.courses, strict=True)
    )
