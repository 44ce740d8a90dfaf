"""Confirming a lesson by hand, on a student's page: first the reason, then whether it is meant, then it is done."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from progress import corrections
from progress.audit import Author
from progress.correction_actions import ReasonForm
from progress.models import Course, Disclosure, Lesson, User, UserProgress
from progress.privacy import disclosures
from progress.querysets import students_of
from progress.refusals import NotFound, Refused

GONE = 404, "gone"
COMPLETED = 409, "completed"
REFUSED = 422, "refused"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_lesson(request: HttpRequest, student_id: int, lesson_id: int) -> HttpResponse:
    """`/dashboard/students/<id>/lessons/<lesson>/confirm/`: for whoever teaches the course, and administrators.

    A POST with a reason asks whether it is meant, one with `sure` besides confirms the lesson.
    """
    viewer = cast(User, request.user)
    student = get_object_or_404(students_of(viewer), pk=student_id)
    disclosures.note(viewer, [student.pk], Disclosure.Where.STUDENT)
    courses = Course.objects.taught_by(viewer).with_traces_of(student)
    lesson = Lesson.objects.ready().filter(course__in=courses, pk=lesson_id).select_related("course").first()
    back = f"{reverse('student', args=[student.pk])}#lesson-{lesson_id}"
    about = {"student": student, "lesson": lesson, "back": back}
    if lesson is None:
        return _refused(request, about, GONE)
    if UserProgress.objects.filter(user=student, lesson=lesson, completed=True).exists():
        return _refused(request, about, COMPLETED)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _drawn(request, {**about, "form": form}, 422 if form.is_bound else 200)
    reason = form.cleaned_data["reason"]
    if "sure" not in request.POST:
        return _drawn(request, {**about, "form": form, "reason": reason}, 200)
    try:
        confirmed = corrections.confirm_lessons(Author.of(viewer, reason), [(student.pk, lesson.pk)])
    except NotFound:
        return _refused(request, about, GONE)
    except Refused:
        return _refused(request, about, REFUSED)
    if not confirmed:  # it was completed at this very moment
        return _refused(request, about, COMPLETED)
    messages.success(request, _("The lesson is confirmed as completed."))
    return HttpResponseRedirect(back)


def _refused(request: HttpRequest, about: dict[str, Any], why: tuple[int, str]) -> HttpResponse:
    status, problem = why
    return _drawn(request, {**about, "problem": problem}, status)


def _drawn(request: HttpRequest, context: dict[str, Any], status: int) -> HttpResponse:
    return render(request, "feed/confirm_lesson.html", context, status=status)
