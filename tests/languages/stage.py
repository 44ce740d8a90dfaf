"""A school in which something has happened, so that its pages say all that they can, and every page of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import run_checks
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from progress.advance import OUTRAN_THE_CLOCK
from progress.models import Certification, Exam, ExamAttempt, LessonQuiz, QuizAttempt, User, UserProgress
from tests.cast import Cast
from tests.languages import pseudo
from tests.test_roles import PAGES, ROLES, addresses, browser_of, table

QUIZ, EXAM = "Warming up", "The last one"


def happen(school: dict[str, Any], cast: Cast) -> None:
    """Entries of every type, a row worth a look, results of quizzes and exams; everybody reads the pseudo-language."""
    now = timezone.now()
    lesson, course = cast.bernoulli, cast.algorithms
    LessonQuiz.objects.update(title=QUIZ)
    Exam.objects.update(title=EXAM)
    told = {"announced_at": now, "announced_percentage": 45.5, "announced_claimed": True}
    UserProgress.objects.create(
        user=cast.ada,
        lesson=lesson,
        course=course,
        status="in_progress",
        video_watch_percentage=45.5,
        suspicious=OUTRAN_THE_CLOCK,
        unpaid_segments=[[0, 95.5]],
        budget_at=now,
        last_accessed=now,
        announced_status="in_progress",
        **told,
    )
    done = {"status": "completed", "completed": True, "completed_at": now, "completed_percentage": 92.5}
    UserProgress.objects.create(user=cast.bob, lesson=lesson, course=course, budget_at=now, **done)
    for number, passed in enumerate([False, True], start=1):
        result = {"attempt_number": number, "score": 80.0 * passed, "passed": passed, "submitted_at": now}
        who = {"course": course, "started_at": now}
        ExamAttempt.objects.create(user=cast.bob, exam_id=school["exam_id"], **who, **result)
        quiz = LessonQuiz.objects.get(lesson=lesson)
        QuizAttempt.objects.create(user=cast.ada, quiz=quiz, course=course, **result)
    User.objects.update(language=pseudo.LANGUAGE)


def browsers(cast: Cast) -> Iterator[tuple[str, Client]]:
    """A browser of every role, of somebody who reads the pseudo-language."""
    for role in ROLES:
        client = browser_of(cast, role)
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = pseudo.LANGUAGE
        yield role, client


def pages(school: dict[str, Any], cast: Cast) -> Iterator[tuple[str, str]]:
    """Every page of the table of roles, as every role that may see it: which it is, and its markup."""
    rows = table(PAGES, words=1)
    for role, client in browsers(cast):
        for each in addresses():
            if rows[str(each.name)][role] == "200":
                named = {name: school[name] for name in each.pattern.converters}
                answer = client.get(reverse(str(each.name), kwargs=named))
                assert answer.status_code == 200, (role, each.name)
                if is_page(answer):
                    yield f"{each.name} as {role}", answer.text


def is_page(answer: HttpResponse) -> bool:
    """Whether it is one that people read."""
    return answer.headers["Content-Type"].startswith("text/html")


def data_of(school: dict[str, Any], cast: Cast) -> list[str]:
    """What pages show that is no sentence of ours: names, titles, addresses, numbers of certificates."""
    certificates = [str(each) for each in Certification.objects.values_list("certificate_id", flat=True)]
    return [
        *(text for person in User.objects.all() for text in (person.name, person.username, person.email)),
        *(text for course in (cast.algorithms, cast.botany) for text in (course.title, course.slug)),
        *(lesson.title for lesson in (cast.bernoulli, cast.mosses)),
        *(text for question in LessonQuiz.objects.get().questions.all() for text in _texts(question)),
        *(text for question in cast.algorithms.exam.questions.all() for text in _texts(question)),
        *(QUIZ, EXAM),
        *(name for _, name in settings.LANGUAGES),
        *(f"http://testserver/certificates/{each}/" for each in certificates),
        *certificates,
        *(each[:8] for each in certificates),
        *(each.hint for each in run_checks(include_deployment_checks=True) if each.hint),  # operators' own, in English
        *("noeviction", "master"),  # Redis's words for what it is set to, and what it is
    ]


def _texts(question: Any) -> list[str]:
    return [question.text, *question.choices.values_list("text", flat=True)]
