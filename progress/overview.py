"""Overviews: the courses a person may see, with how far that person is in each lesson."""

from __future__ import annotations

from typing import TypedDict

from django.urls import reverse

from progress.models import Course, Lesson, User, UserProgress


class LessonOverview(TypedDict):
    """A lesson and how far the person is; only whoever teaches it sees one that is not ready."""

    lesson: Lesson
    ready: bool
    percentage: float
    status: str
    completed: bool
    quiz_required: bool
    url: str


class CourseOverview(TypedDict):
    """A course with its lessons in order.

    `resume_url` is the first lesson that is ready and not completed, `exam_url` the course's exam.
    """

    course: Course
    lessons: list[LessonOverview]
    completed_count: int
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
        "quiz_required": hasattr(lesson, "quiz") and lesson.quiz.required,
        "url": lesson.get_absolute_url(),
    }


def _of(course: Course, lessons: list[LessonOverview]) -> CourseOverview:
    return {
        "course": course,
        "lessons": lessons,
        "completed_count": sum(lesson["completed"] for lesson in lessons),
        "resume_url": next((each["url"] for each in lessons if each["ready"] and not each["completed"]), None),
        "exam_url": reverse("exam", args=[course.slug]) if hasattr(course, "exam") else None,
    }
