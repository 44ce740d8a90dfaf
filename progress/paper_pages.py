"""Pages of quizzes and exams: plain forms, which work without JavaScript."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar, cast
from uuid import uuid4

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from progress import exams, lessons, papers, quizzes, recorder
from progress.models import Certification, Course, Exam, ExamAttempt, LessonQuiz, QuizAttempt, User
from progress.refusals import NotFound, Refused

Attempt = TypeVar("Attempt", QuizAttempt, ExamAttempt)


def _is_number(text: str) -> bool:
    """Whether it is one that could be an id; Python refuses to read thousands of digits."""
    return text.isascii() and text.isdecimal() and len(text) < 19


def _answers(request: HttpRequest) -> dict[str, Any]:
    """The answers in a posted form, whose radio buttons are named `question-<id>`."""
    return {
        name.removeprefix("question-"): int(value) if _is_number(value) else value
        for name, value in request.POST.items()
        if name.startswith("question-") and isinstance(value, str)
    }


def _paper(of: LessonQuiz | Exam, given: dict[str, Any]) -> dict[str, Any]:
    """The paper, with what was given on it as chosen."""
    paper = papers.paper(of)
    for question in paper["questions"]:
        for choice in question["choices"]:
            choice["chosen"] = given.get(str(question["id"])) == choice["id"]
    return paper


def _shown(request: HttpRequest, attempts: Iterable[Attempt]) -> Attempt | None:
    """The attempt whose result is shown: the one that the address names, or the newest, which stands first.

    Also without an address that names one: whose answers were stored while the connection broke is told so.
    """
    number = request.GET.get("answered")
    newest = next(iter(attempts), None)
    return next((attempt for attempt in attempts if str(attempt.attempt_number) == number), newest)


@never_cache  # a page that the browser kept would send an attempt again, with other answers
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
            given, submission = _answers(request), request.POST.get("submission")
            result = recorder.answer_from_thread(quizzes.answer(person, seen.lesson.pk, given, submission))
            return redirect(f"{reverse('quiz', args=[course, lesson])}?answered={result.attempt_number}")
        except Refused as refused:
            error = refused.detail
    attempts = QuizAttempt.objects.filter(user=person, quiz=found).order_by("-attempt_number")
    context = {
        "course": seen.lesson.course,
        "lesson": seen.lesson,
        "quiz": found,
        "paper": _paper(found, _answers(request) if error else {}),
        "submission": uuid4(),
        "studied": seen.studied,
        "attempts": attempts,
        "latest": None if error else _shown(request, attempts),
        "passed": attempts.passing().exists(),
        "error": error,
    }
    return render(request, "progress/quiz.html", context, status=422 if error else 200)


@never_cache
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
    still_open = next((attempt for attempt in attempts if not attempt.submitted_at), None)
    context = {
        "course": found,
        "exam": found.exam,
        "paper": _paper(found.exam, _answers(request) if error else {}),
        "open": still_open,
        "attempts": submitted,
        "latest": _shown(request, submitted) if "answered" in request.GET or not still_open else None,
        "passed": any(attempt.passed and attempt.withdrawn_at is None for attempt in submitted),
        "certificate": Certification.objects.standing().filter(user=person, course=found).first(),
        "error": error.detail if error else None,
    }
    return render(request, "progress/exam.html", context, status=error.status if error else 200)


def _act(request: HttpRequest, person: User, course: Course) -> HttpResponse:
    here = reverse("exam", args=[course.slug])
    attempt = request.POST.get("attempt", "")
    if _is_number(attempt):
        result = exams.submit(person, int(attempt), _answers(request))
        return redirect(f"{here}?answered={result.attempt_number}")
    exams.start(person, course.exam.pk)
    return redirect(here)
