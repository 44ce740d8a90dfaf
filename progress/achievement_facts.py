"""Reads what achievements follow from: a handful of queries, however much a student did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from django.db import connection
from django.db.models import Count, Q
from django.utils import timezone

from progress.achievements import Attempt, Completion, Facts, Milestone, milestones
from progress.models import Certification, Course, ExamAttempt, QuizAttempt, User, UserProgress
from progress.preferences import zone_of

NEWEST: Final = """
    SELECT greatest(
        (SELECT max(completed_at) FROM progress_userprogress WHERE user_id = %s),
        (SELECT max(submitted_at) FROM progress_quizattempt WHERE user_id = %s),
        (SELECT max(submitted_at) FROM progress_examattempt WHERE user_id = %s),
        (SELECT max(issued_at) FROM progress_certification WHERE user_id = %s))
"""
"""One step down each of four indexes."""


def read(person: User) -> Facts:
    """Read what `person` did; what was withdrawn is not among it."""
    completed = UserProgress.objects.filter(user=person, completed_at__isnull=False).order_by("completed_at", "pk")
    completions = [
        Completion(at, course, duration > 0)
        for at, course, duration in completed.values_list("completed_at", "course_id", "lesson__duration")
        if at is not None
    ]
    columns = ("attempt_number", "score", "passed", "submitted_at")
    quizzes = QuizAttempt.objects.counting().filter(user=person).values_list("quiz_id", *columns)
    exams = ExamAttempt.objects.counting().filter(user=person, submitted_at__isnull=False)
    attempts = [
        Attempt(at, is_exam, paper, number, score, passed)
        for is_exam, rows in ((False, quizzes), (True, exams.values_list("exam_id", *columns)))
        for paper, number, score, passed, at in rows
    ]
    studied = person.enrollments.filter(active=True).values("course")
    courses = Course.objects.filter(Q(pk__in={each.course for each in completions}) | Q(pk__in=studied))
    ready = Count("lessons", filter=Q(lessons__duration__gt=0))
    issued = Certification.objects.valid().filter(user=person).order_by("issued_at")
    return Facts(
        completions=completions,
        attempts=sorted(attempts, key=lambda each: (each.at, each.number)),
        certificates=[at for at in issued.values_list("issued_at", flat=True) if at],
        lessons=dict(courses.order_by("pk").annotate(ready=ready).values_list("pk", "ready")),
        zone=zone_of(person),
        now=timezone.now(),
    )


def newest(person: User) -> datetime | None:
    """When the newest of these records was made. Asked for each page, so in SQL: the ORM builds it for longer."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, [person.pk] * 4)
        [found] = cursor.fetchone()
    return cast("datetime | None", found)


@dataclass(frozen=True, slots=True)
class Steps:
    """A course that the person studies, and which of its milestones are reached."""

    course: Course
    milestones: list[Milestone]


def steps(person: User, facts: Facts) -> list[Steps]:
    """The milestones of each course that `person` studies and that has a lesson."""
    studied = Course.objects.filter(enrollments__user=person, enrollments__active=True, lessons__duration__gt=0)
    return [Steps(course, milestones(facts, course.pk)) for course in studied.distinct()]
