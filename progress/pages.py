"""The student's pages: own courses, and the lesson with its video."""

from __future__ import annotations

import re
from typing import Any, cast

import httpx
from asgiref.sync import async_to_sync
from csp.decorators import csp_update
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from progress import gate, lessons, overview, recorder, teaching
from progress.advance import Row
from progress.models import Lesson, LessonQuiz, User
from progress.uploads import problems


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The person's courses with their progress and where to go on."""
    person = cast(User, request.user)
    return render(
        request,
        "progress/home.html",
        {"courses": overview.of_studies(person), "teaches": teaching.teaches(person)},
    )


def _quiz(person: User, lesson: Lesson, row: Row | None) -> dict[str, Any]:
    """What the page says of the lesson's quiz, and why the lesson is not completed yet."""
    quiz = LessonQuiz.objects.filter(lesson=lesson).first()
    passed = quiz is not None and quiz.attempts.passing().filter(user=person).exists()
    wants: list[str] = []
    if row is not None and not row.completed:
        threshold = lesson.completion_threshold
        pending = quiz is not None and quiz.required and not passed
        lacking = gate.missing(percentage=row.percentage, threshold=threshold, quiz_pending=pending)
        wants = gate.in_words(lacking, percentage=row.percentage, threshold=threshold)
    url = reverse("quiz", args=[lesson.course.slug, lesson.slug]) if quiz else None
    return {"quiz": quiz, "quiz_passed": passed, "quiz_url": url, "wants": wants}


@login_required
def lesson(request: HttpRequest, course: str, lesson: str) -> HttpResponseBase:
    """The video page. Who studies the lesson begins its row here; who teaches it only looks."""
    person = cast(User, request.user)
    seen = lessons.seen_by(person, course__slug=course, slug=lesson)
    if seen is None:
        raise Http404
    shown = seen.lesson
    row = async_to_sync(recorder.begin)(person.pk, shown.pk).row if seen.studied else None
    listed = overview.of_course(person, shown.course)["lessons"]
    place = next(index for index, each in enumerate(listed) if each["lesson"].pk == shown.pk)
    return _drawn(
        request,
        shown,
        {
            "lesson": shown,
            "course": shown.course,
            "enrolled": seen.studied,
            "upload_problem": problems.in_words(shown.upload_problem),
            "row": row,
            "lessons": listed,
            "previous_url": listed[place - 1]["url"] if place else None,
            "next_url": listed[place + 1]["url"] if place + 1 < len(listed) else None,
            "progress_socket": f"/ws/lessons/{shown.pk}/progress/",
            "progress_url": reverse("api:progress", args=[shown.pk]),
            "complete_url": reverse("api:complete", args=[shown.pk]),
            **_media(shown),
            **_quiz(person, shown, row),
        },
    )


def _media(lesson: Lesson) -> dict[str, str | None]:
    """Where the page finds what it plays and shows; a video elsewhere takes the place of a file."""
    stored = ("video", "captions", "poster")
    place = [lesson.course.slug, lesson.slug]
    urls = {f"{name}_url": reverse(name, args=place) if getattr(lesson, name) else None for name in stored}
    return {**urls, "video_url": lesson.video_address or urls["video_url"]}


def _drawn(request: HttpRequest, lesson: Lesson, context: dict[str, Any]) -> HttpResponseBase:
    """Draw the page; where its video lies elsewhere, the browser may load media from there too, and from there only."""

    def draw(request: HttpRequest) -> HttpResponse:
        return render(request, "progress/lesson.html", context)

    source = _source(lesson.video_address)
    return csp_update({"media-src": [source]})(draw)(request) if source else draw(request)


def _source(address: str) -> str | None:
    """Where an address lies, as a policy names it.

    A header has no letters but ASCII: with a name in others as it stands, browsers would not understand any of the
    policy. Nothing else that stands in the address may get into the policy either.
    """
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        return None
    place = f"{url.scheme}://{url.netloc.decode()}"
    return place if re.fullmatch(r"https?://[a-z0-9._\-:\[\]]+", place) else None
