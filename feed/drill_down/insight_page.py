"""The page of one course: how many come how far, who is where, and how one of its lessons is watched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from feed.drill_down import figures, watching
from feed.drill_down.figures import CourseFigures
from progress.models import Course, Lesson, User


@login_required
@require_safe
def course_insight(request: HttpRequest, course: str) -> HttpResponse:
    """`/dashboard/courses/<slug>/?lesson=<slug>`: a lesson's retention is shown one at a time, at first that in which
    most students stand."""
    shown = get_object_or_404(Course.objects.taught_by(cast(User, request.user)), slug=course)
    counted = figures.of(shown)
    lesson = _chosen(counted, request.GET.get("lesson"))
    return render(
        request,
        "feed/course_insight.html",
        {
            "course": shown,
            "figures": counted,
            "watching": watching.of(lesson) if lesson else None,
            "months_kept": settings.SPANS_KEPT_MONTHS,
        },
    )


def _chosen(counted: CourseFigures, slug: str | None) -> Lesson | None:
    lessons: Sequence[Lesson] = [each.lesson for each in counted.lessons]
    if slug:
        found = next((lesson for lesson in lessons if lesson.slug == slug), None)
        if found is None:
            raise Http404
        return found
    if counted.furthest:
        return counted.furthest.lesson
    return lessons[0] if lessons else None
