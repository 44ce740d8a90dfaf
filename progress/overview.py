"""Overviews: the courses a person may see, with how far that person is in each lesson."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypedDict

from django.urls import reverse

from progress.models import Course, Lesson, User, UserProgress


class LessonOverview(TypedDict):
    """A lesson and how far the person is; only whoever teaches it sees one that is not ready.

    `segments` and `position` are in seconds, `seen_at` is when the person last watched it.
    """

    lesson: Lesson
    ready: bool
    percentage: float
    status: str
    completed: bool
    segments: list[Any]
    position: float
    seen_at: datetime | None
    quiz_required: bool
    url: str


class CourseOverview(TypedDict):
    """A course with its lessons in order.

    `resume` is the lesson to go on with, and `resume_url` its page; `exam_url` the course's exam.
    """

    course: Course
    lessons: list[LessonOverview]
    completed_count: int
    resume: LessonOverview | None
    resume_url: str | None
    exam_url: str | None


def of_course(person: User, course: Course) -> CourseOverview:
    """How far `person` is in this course."""
    return _overviews(person, [course])[0]


def of_studies(person: User) -> list[CourseOverview]:
    """How far `person` is in each course they study."""
    studied = Course.objects.filter(enrollments__user=person, enrollments__active=True)
    return _overviews(person, list(studied.select_related("exam")))


def of_everything(person: User) -> list[CourseOverview]:
    """How far `person` is in each course they may see, those that they only teach among them."""
    return _overviews(person, list(Course.objects.visible_to(person).select_related("exam")))


def _overviews(person: User, courses: list[Course]) -> list[CourseOverview]:
    rows = {row.lesson_id: row for row in UserProgress.objects.filter(user=person, course__in=courses)}
    lessons: dict[int, list[LessonOverview]] = {course.pk: [] for course in courses}
    for lesson in Lesson.objects.visible_to(person).filter(course__in=courses).select_related("course", "quiz"):
        lessons[lesson.course_id].append(_overview(lesson, rows.get(lesson.pk)))
    return [_of(course, lessons[course.pk]) for course in courses]


def _overview(lesson: Lesson, row: UserProgress | None) -> LessonOverview:
    return {
        "lesson": lesson,
        "ready": lesson.duration > 0,
        "percentage": row.video_watch_percentage if row else 0.0,
        "status": row.status if row else UserProgress.Status.NOT_STARTED.value,
        "completed": row is not None and row.completed,
        "segments": row.segments if row else [],
        "position": row.last_watched_timestamp if row else 0.0,
        "seen_at": row.last_accessed if row else None,
        "quiz_required": hasattr(lesson, "quiz") and lesson.quiz.required,
        "url": lesson.get_absolute_url(),
    }


def _when(each: LessonOverview) -> datetime:
    return each["seen_at"] or datetime.min.replace(tzinfo=UTC)


def left_off(lessons: list[LessonOverview]) -> LessonOverview | None:
    """The lesson to go on with: the one last watched or, where that is completed, the next one; None once all are.

    What was skipped comes last: whoever began in the middle goes on from there.
    """
    last = max(lessons, key=_when, default=None)
    begin = lessons.index(last) if last and last["seen_at"] else 0
    in_turn = lessons[begin:] + lessons[:begin]
    return next((each for each in in_turn if each["ready"] and not each["completed"]), None)


def _of(course: Course, lessons: list[LessonOverview]) -> CourseOverview:
    resume = left_off(lessons)
    return {
        "course": course,
        "lessons": lessons,
        "completed_count": sum(lesson["completed"] for lesson in lessons),
        "resume": resume,
        "resume_url": resume["url"] if resume else None,
        "exam_url": reverse("exam", args=[course.slug]) if hasattr(course, "exam") else None,
    }
