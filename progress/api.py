"""The HTTP API of courses and progress (docs/protocol.md). The rules are elsewhere; here requests become calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from ninja import Router, Schema, Status

from progress import exams, lessons, overview, papers, quizzes, recorder
from progress.api_schema import also
from progress.models import User
from progress.papers import Result
from progress.refusals import QuizRequired, Refused
from progress.reports import Ack, Completion
from progress.ticks import LARGEST_ID, LONGEST_SECONDS, MOST_SEGMENTS, RATES, parse_object, parse_tick

router = Router()

LARGEST_BODY = 64 * 1024
"""Bytes of a progress body: a backlog of segments fits many times over."""


class LessonOut(Schema):
    """A lesson, and how far the caller is."""

    id: int
    slug: str
    title: str
    duration: float
    quiz_required: bool
    watch_percentage: float
    status: str
    completed: bool


class CourseOut(Schema):
    """A course with its lessons in order."""

    id: int
    slug: str
    title: str
    exam: int | None
    lessons: list[LessonOut]


class CoursesOut(Schema):
    """What the caller may see."""

    courses: list[CourseOut]


class ProgressOut(Schema):
    """What a tick came to; once given, it is committed."""

    success: bool
    watch_percentage: float
    status: str
    completed: bool


class CompleteOut(Schema):
    """That a lesson is marked as complete."""

    success: bool
    message: str
    lesson_id: int


def body_schema(properties: dict[str, Any], *, required: Sequence[str] = ()) -> dict[str, Any]:
    """What the schema says of an operation that reads its body itself, for its `openapi_extra`."""
    schema = {"type": "object", "required": [*required], "properties": properties}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


_SECONDS = {"type": "number", "minimum": 0, "maximum": LONGEST_SECONDS}
TICK = body_schema(
    {
        "watch_percentage": {"type": "number", "minimum": 0, "maximum": 100},
        "timestamp": _SECONDS,
        "id": {"type": ["integer", "null"], "minimum": 0, "maximum": LARGEST_ID},
        "player": {"type": ["string", "null"], "minLength": 1, "maxLength": 64},
        "state": {"enum": ["playing", "paused", "ended", None]},
        "rate": {"type": ["number", "null"], "minimum": RATES[0], "maximum": RATES[1]},
        "segments": {
            "type": "array",
            "maxItems": MOST_SEGMENTS,
            "items": {"type": "array", "items": _SECONDS, "minItems": 2, "maxItems": 2},
        },
    },
    required=["watch_percentage", "timestamp"],
)


def body_of(request: HttpRequest, *, most: int = LARGEST_BODY) -> bytes:
    """Return the request's body, or raise Refused (413 `body_too_large`)."""
    too_large = Refused(413, "body_too_large", _("The body may have at most %(most)d bytes.") % {"most": most})
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > most or len(request.body) > most:
            raise too_large
    except RequestDataTooBig:
        raise too_large from None
    return request.body


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


@router.get("/courses/", response=CoursesOut)
def courses(request: HttpRequest) -> dict[str, Any]:
    """The courses that the caller may see, each with its lessons and how far the caller is."""
    return {
        "courses": [
            {
                "id": seen["course"].pk,
                "slug": seen["course"].slug,
                "title": seen["course"].title,
                "exam": seen["course"].exam.pk if hasattr(seen["course"], "exam") else None,
                "lessons": [
                    {
                        "id": each["lesson"].pk,
                        "slug": each["lesson"].slug,
                        "title": each["lesson"].title,
                        "duration": each["lesson"].duration,
                        "quiz_required": each["quiz_required"],
                        "watch_percentage": each["percentage"],
                        "status": each["status"],
                        "completed": each["completed"],
                    }
                    for each in seen["lessons"]
                ],
            }
            for seen in overview.of_everything(_person(request))
        ]
    }


@router.post("/lessons/{int:lesson_id}/progress/", response=ProgressOut, openapi_extra=TICK)
def progress(request: HttpRequest, lesson_id: int) -> dict[str, Any]:
    """Record a tick: how far the player is, and, from players that measure it, which seconds were played."""
    person = _person(request)
    lessons.studied_by(person, lesson_id)
    tick = parse_tick(parse_object(body_of(request)), user_id=person.pk, lesson_id=lesson_id)
    [ack] = recorder.record_from_thread([tick])
    return _acked(ack)


def _acked(ack: Ack) -> dict[str, Any]:
    return {
        "success": True,
        "watch_percentage": ack.watch_percentage,
        "status": ack.status,
        "completed": ack.completed,
    }


@router.post("/lessons/{int:lesson_id}/complete/", response=CompleteOut, openapi_extra=also(409))
def complete(request: HttpRequest, lesson_id: int) -> dict[str, Any]:
    """Mark a lesson as complete by hand."""
    person = _person(request)
    lesson = lessons.studied_by(person, lesson_id)
    try:
        recorder.record_from_thread([Completion(person.pk, lesson_id)])
    except QuizRequired:
        raise QuizRequired(reverse("quiz", args=[lesson.course.slug, lesson.slug])) from None
    return {"success": True, "message": _("Lesson marked as complete"), "lesson_id": lesson_id}


class ChoiceOut(Schema):
    """A choice; which one is right is not said."""

    id: int
    text: str


class QuestionOut(Schema):
    """A question with its choices."""

    id: int
    text: str
    choices: list[ChoiceOut]


class PaperOut(Schema):
    """The questions of a quiz or an exam."""

    id: int
    title: str
    pass_mark: float
    questions: list[QuestionOut]


class ResultOut(Schema):
    """What answers came to."""

    success: bool
    score: float
    passed: bool
    attempt_number: int


class StartedOut(Schema):
    """The attempt that is open now."""

    success: bool
    attempt: int
    attempt_number: int


_CHOICES = {"type": "object", "additionalProperties": {"type": "integer"}}
ANSWERS = body_schema({"answers": _CHOICES}, required=["answers"])
QUIZ_ANSWERS = body_schema(
    {"answers": _CHOICES, "submission": {"type": ["string", "null"], "format": "uuid"}}, required=["answers"]
)


@router.get("/lessons/{int:lesson_id}/quiz/", response=PaperOut)
def quiz(request: HttpRequest, lesson_id: int) -> dict[str, Any]:
    """The quiz of a lesson."""
    return papers.paper(quizzes.quiz_of(_person(request), lesson_id))


@router.post("/lessons/{int:lesson_id}/quiz/", response=ResultOut, openapi_extra=QUIZ_ANSWERS)
def answer_quiz(request: HttpRequest, lesson_id: int) -> dict[str, Any]:
    """Answer the quiz; it may be tried as often as one likes. The same submission again is the same attempt."""
    body = parse_object(body_of(request))
    answered = quizzes.answer(_person(request), lesson_id, body.get("answers"), body.get("submission"))
    return _result(recorder.answer_from_thread(answered))


@router.get("/exams/{int:exam_id}/", response=PaperOut)
def exam(request: HttpRequest, exam_id: int) -> dict[str, Any]:
    """The exam of a course."""
    return papers.paper(exams.exam_of(_person(request), exam_id))


@router.post("/exams/{int:exam_id}/attempts/", response={200: StartedOut, 201: StartedOut})
def start_attempt(request: HttpRequest, exam_id: int) -> Status[dict[str, Any]]:
    """Start an attempt: 201, or 200 with the one that is still open."""
    attempt, begun = exams.start(_person(request), exam_id)
    told = {"success": True, "attempt": attempt.pk, "attempt_number": attempt.attempt_number}
    return Status(201 if begun else 200, told)


@router.post("/attempts/{int:attempt_id}/", response=ResultOut, openapi_extra=ANSWERS | also(409))
def submit_attempt(request: HttpRequest, attempt_id: int) -> dict[str, Any]:
    """Submit an attempt, once."""
    return _result(exams.submit(_person(request), attempt_id, parse_object(body_of(request)).get("answers")))


def _result(of: Result) -> dict[str, Any]:
    return {"success": True, "score": of.score, "passed": of.passed, "attempt_number": of.attempt_number}
