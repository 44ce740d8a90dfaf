"""Pages of quizzes, exams and certificates: plain forms, which work without JavaScript."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from progress import exams, lessons, papers, quizzes, recorder
from progress.models import Certification, Course, ExamAttempt, LessonQuiz, QuizAttempt, User
from progress.refusals import NotFound, Refused


def _answers(request: HttpRequest) -> dict[str, Any]:
    """The answers in a posted form, whose radio buttons are named `question-<id>`."""
    return {
        name.removeprefix("question-"): int(value) if value.isascii() and value.isdecimal() else value
        for name, value in request.POST.items()
        if name.startswith("question-") and isinstance(value, str)
    }


@login_required
def quiz(request: HttpRequest, course: str, lesson: str) -> HttpResponse:
    """A lesson's quiz: the questions, and after answering them the result, with another try."""
    person = cast(User, request.user)
    seen = lessons.seen_by(person, course__slug=course, slug=lesson)
    found = LessonQuiz.objects.filter(lesson=seen.lesson).first() if seen else None
    if seen is None or found is None:
        raise Http404
    error = None
    if request.method == "POST" and seen.studied:
        try:
            recorder.record_from_thread([quizzes.answer(person, seen.lesson.pk, _answers(request))])
            return redirect(f"{reverse('quiz', args=[course, lesson])}?answered=1")
        except Refused as refused:
            error = refused.detail
    attempts = QuizAttempt.objects.filter(user=person, quiz=found).order_by("-attempt_number")
    context = {
        "course": seen.lesson.course,
        "lesson": seen.lesson,
        "quiz": found,
        "paper": papers.paper(found),
        "studied": seen.studied,
        "attempts": attempts,
        "latest": attempts.first() if "answered" in request.GET else None,
        "passed": attempts.filter(passed=True).exists(),
        "error": error,
        "given": _answers(request) if error else {},
    }
    return render(request, "progress/quiz.html", context, status=422 if error else 200)


@login_required
def exam(request: HttpRequest, course: str) -> HttpResponse:
    """A course's exam: start, answer, result, and the certificate where it is due."""
    person = cast(User, request.user)
    found = get_object_or_404(Course.objects.visible_to(person).select_related("exam"), slug=course, exam__isnull=False)
    error = None
    if request.method == "POST":
        try:
            return _act(request, person, found)
        except NotFound:
            raise Http404 from None
        except Refused as refused:
            error = refused
    attempts = ExamAttempt.objects.filter(user=person, exam=found.exam).order_by("-attempt_number")
    submitted = [attempt for attempt in attempts if attempt.submitted_at]
    context = {
        "course": found,
        "exam": found.exam,
        "paper": papers.paper(found.exam),
        "open": next((attempt for attempt in attempts if not attempt.submitted_at), None),
        "attempts": submitted,
        "latest": submitted[0] if submitted and "answered" in request.GET else None,
        "passed": any(attempt.passed for attempt in submitted),
        "certificate": Certification.objects.filter(user=person, course=found).first(),
        "error": error.detail if error else None,
    }
    return render(request, "progress/exam.html", context, status=error.status if error else 200)


def _act(request: HttpRequest, person: User, course: Course) -> HttpResponse:
    here = reverse("exam", args=[course.slug])
    attempt = request.POST.get("attempt", "")
    if attempt.isascii() and attempt.isdecimal():
        exams.submit(person, int(attempt), _answers(request))
        return redirect(f"{here}?answered=1")
    exams.start(person, course.exam.pk)
    return redirect(here)


def certificate(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    """A certificate, for whoever knows its id: who earned it, in which course, when."""
    found = get_object_or_404(Certification.objects.select_related("user", "course"), certificate_id=certificate_id)
    return render(request, "progress/certificate.html", {"certificate": found})
