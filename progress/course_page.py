"""The page of one course: how far the student is in each lesson, what each still wants, exam and certificate."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from progress import gate, overview
from progress.models import Certification, Course, ExamAttempt, QuizAttempt, User
from progress.overview import CourseOverview, LessonOverview


@login_required
def course(request: HttpRequest, course: str) -> HttpResponse:
    """`/courses/<course>/`, for whoever studies it; whoever only teaches or runs it has a preview."""
    person = cast(User, request.user)
    found = get_object_or_404(Course.objects.visible_to(person).select_related("exam"), slug=course)
    seen = overview.of_course(person, found)
    passed = set(QuizAttempt.objects.passing().filter(user=person, course=found).values_list("quiz__lesson", flat=True))
    context = {
        "course": found,
        "overview": seen,
        "lessons": [_lesson(each, quiz_passed=each["lesson"].pk in passed) for each in seen["lessons"]],
        "studied": person.enrollments.filter(course=found, active=True).exists(),
        "teaches": Course.objects.taught_by(person).filter(pk=found.pk).exists(),
        **_end(person, found, seen),
    }
    return render(request, "progress/course.html", context)


def _lesson(each: LessonOverview, *, quiz_passed: bool) -> dict[str, Any]:
    """A lesson with its quiz, and why it is not completed yet; one that is not begun says nothing of that."""
    lesson = each["lesson"]
    wants: list[str] = []
    if each["seen_at"] and not each["completed"]:
        percentage, threshold = each["percentage"], lesson.completion_threshold
        pending = each["quiz_required"] and not quiz_passed
        lacking = gate.missing(percentage=percentage, threshold=threshold, quiz_pending=pending)
        wants = gate.in_words(lacking, percentage=percentage, threshold=threshold)
    return {**each, "wants": wants, "quiz": getattr(lesson, "quiz", None), "quiz_passed": quiz_passed}


def _end(person: User, course: Course, seen: CourseOverview) -> dict[str, Any]:
    """How it stands with what comes at the end of a course."""
    attempts = list(ExamAttempt.objects.counting().filter(user=person, course=course).order_by("attempt_number"))
    submitted = [attempt for attempt in attempts if attempt.submitted_at]
    exam_passed = any(attempt.passed for attempt in submitted)
    return {
        "exam": getattr(course, "exam", None),
        "exam_open": len(submitted) < len(attempts),
        "exam_passed": exam_passed,
        "exam_failed": submitted[-1] if submitted and not exam_passed else None,
        "certificate": Certification.objects.standing().filter(user=person, course=course).first(),
        "lessons_left": sum(each["ready"] and not each["completed"] for each in seen["lessons"]),
    }
