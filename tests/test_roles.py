"""Who may do what: every address, every operation of the API and every socket with every role, against one table.

An address or operation without a row in the table fails; so does a row that belongs to none.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from pytest_django import Settings
from websockets.exceptions import ConnectionClosed

from progress.models import Certification, Exam, ExamAttempt, LessonQuiz, User
from project.api import api
from tests.cast import Cast
from tests.live import Live, until
from tests.papers import ask

pytestmark = pytest.mark.django_db(transaction=True)

ROLES = ("anonymous", "ada", "eve", "grace", "oscar", "olga", "admin", "gone")
"""ada studies algorithms, grace teaches it, oscar teaches botany, eve studies that; gone is a disabled account of ada's
whose browser still has its session."""

# One line an address: what each role gets, in the order above. 302 is the way to the sign-in, which a player of media
# could not follow.
PAGES = """
home                     302 200 200 200 200 200 200 302
course                   302 200 404 200 404 404 200 302
exam                     302 200 404 200 404 404 200 302
lesson                   302 200 404 200 404 404 200 302
video                    401 200 404 200 404 404 200 401
captions                 401 200 404 200 404 404 200 401
poster                   401 200 404 200 404 404 200 401
quiz                     302 200 404 200 404 404 200 302
certificate              200 200 200 200 200 200 200 200
activity                 302 200 200 200 200 200 200 302
own_settings             302 200 200 200 200 200 200 302
own_data                 302 200 200 200 200 200 200 302
dashboard                302 403 403 200 200 403 200 302
students                 302 403 403 200 200 403 200 302
attention                405 405 405 405 405 405 405 405
student                  302 404 404 200 404 404 200 302
confirm_lesson           302 404 404 200 404 404 200 302
course_insight           302 404 404 200 404 404 200 302
students_csv             302 403 403 200 200 403 200 302
ops                      302 403 403 403 403 200 200 302
ops_action               302 403 403 403 403 200 200 302
login                    200 302 302 302 302 302 302 200
logout                   405 405 405 405 405 405 405 405
password_reset           200 200 200 200 200 200 200 200
password_reset_done      200 200 200 200 200 200 200 200
password_reset_confirm   200 200 200 200 200 200 200 200
password_reset_complete  200 200 200 200 200 200 200 200
kept_mail                404 404 404 404 404 404 404 404
metrics                  401 403 403 403 403 200 200 401
healthz                  200 200 200 200 200 200 200 200
readyz                   200 200 200 200 200 200 200 200
"""

OPERATIONS = """
GET  /courses/                                401 200 200 200 200 200 200 401
POST /lessons/{int:lesson_id}/progress/       401 200 404 403 404 404 403 401
POST /lessons/{int:lesson_id}/complete/       401 409 404 403 404 404 403 401
GET  /lessons/{int:lesson_id}/quiz/           401 200 404 200 404 404 200 401
POST /lessons/{int:lesson_id}/quiz/           401 200 404 403 404 404 403 401
GET  /exams/{int:exam_id}/                    401 200 404 200 404 404 200 401
POST /exams/{int:exam_id}/attempts/           401 201 404 403 404 404 403 401
POST /attempts/{int:attempt_id}/              401 200 404 404 404 404 404 401
GET  /figures/                                401 403 403 200 200 403 200 401
GET  /achievements/                           401 200 200 200 200 200 200 401
POST /achievements/news/                      401 200 200 200 200 200 200 401
GET  /feed/                                   401 200 200 200 200 403 200 401
POST /feed/after/                             401 200 200 200 200 403 200 401
GET  /attention/                              401 403 403 200 200 403 200 401
POST /attention/{reason_id}/dismiss/          401 404 404 200 404 404 200 401
POST /attention/{reason_id}/snooze/           401 404 404 200 404 404 200 401
POST /attention/{reason_id}/undo/             401 404 404 200 404 404 200 401
GET  /students/                               401 200 200 200 200 200 200 401
"""

SOCKETS = """
/ws/feed/                          4401 open open open open 4403 open 4401
/ws/ops/                           4401 4403 4403 4403 4403 open open 4401
/ws/lessons/{lesson}/progress/     4401 open 4403 4403 4403 4403 4403 4401
"""


def table(text: str, *, words: int) -> dict[str, dict[str, str]]:
    """What each role gets, by the first words of each line."""
    rows = {}
    for line in text.strip().splitlines():
        *name, rest = line.split(maxsplit=words)
        got = rest.split()
        assert len(got) == len(ROLES), line
        rows[" ".join(name)] = dict(zip(ROLES, got, strict=True))
    return rows


@pytest.fixture
def school(cast: Cast, settings: Settings, tmp_path: Path) -> dict[str, Any]:
    """One of everything in algorithms, and what addresses name."""
    settings.MEDIA_ROOT = tmp_path
    lesson = cast.bernoulli
    for name in ("video", "captions", "poster"):
        suffix = {"video": ".mp4", "captions": ".vtt", "poster": ".jpg"}[name]
        getattr(lesson, name).save(f"film{suffix}", ContentFile(b"WEBVTT\n\n"), save=False)
    lesson.save()
    quiz = LessonQuiz.objects.create(lesson=lesson, title="Quiz", required=True)
    exam = Exam.objects.create(course=cast.algorithms, title="Exam")
    attempt = ExamAttempt.objects.create(
        user=cast.ada, exam=exam, course=cast.algorithms, attempt_number=1, started_at=timezone.now()
    )
    issued = Certification.objects.create(
        user=cast.bob,
        course=cast.algorithms,
        certificate_id=uuid.uuid4(),
        due_at=timezone.now(),
        issued_at=timezone.now(),
    )
    return {
        "course": "algorithms",
        "lesson": "bernoulli",
        "lesson_id": lesson.pk,
        "student_id": cast.ada.pk,
        "exam_id": exam.pk,
        "attempt_id": attempt.pk,
        "certificate_id": issued.certificate_id,
        "uidb64": "MQ",
        "token": "none",
        "action": "drain",
        "quiz_answers": ask(quiz=quiz)[1],
        "exam_answers": ask(exam=exam)[1],
        "reason_id": f"quiz_failed.{cast.bob.pk}.{cast.algorithms.pk}.{lesson.pk}.2",
    }


def browser_of(cast: Cast, role: str) -> Client:
    """A browser in which somebody of this role is signed in."""
    client = Client(raise_request_exception=False)
    if role == "gone":
        person = User.objects.create(username="gone", is_superuser=True)
        client.force_login(person)
        User.objects.filter(pk=person.pk).update(is_active=False)
    elif role != "anonymous":
        client.force_login(getattr(cast, role))
    return client


def addresses() -> Iterator[URLPattern]:
    """Every address of ours with a name: all but the API's, which stand below, and the admin site's."""
    for each in get_resolver().url_patterns:
        if isinstance(each, URLPattern) and each.name:
            yield each
        elif isinstance(each, URLResolver):
            assert each.namespace in ("api", "admin"), f"{each} has no row here"


def operations() -> set[str]:
    """Every operation of the API."""
    return {
        f"{method:<4} {path}".replace("  ", " ")
        for _, router in api._routers
        for path, view in router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    }


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    assert {each.name for each in addresses()} == set(table(PAGES, words=1))


def test_every_operation_has_a_row_and_every_row_an_operation() -> None:
    assert operations() == set(table(OPERATIONS, words=2))


@pytest.mark.parametrize("role", ROLES)
def test_every_page_gives_each_role_what_the_table_says(school: dict[str, Any], cast: Cast, role: str) -> None:
    client, got = browser_of(cast, role), {}
    for each in addresses():
        named = {name: school[name] for name in each.pattern.converters}
        got[each.name] = str(client.get(reverse(str(each.name), kwargs=named)).status_code)
    assert got == {name: row[role] for name, row in table(PAGES, words=1).items()}


@pytest.mark.parametrize("role", ROLES)
def test_every_operation_gives_each_role_what_the_table_says(school: dict[str, Any], cast: Cast, role: str) -> None:
    client = browser_of(cast, role)
    bodies = {
        "/progress/": {"watch_percentage": 5, "timestamp": 5},
        "/quiz/": {"answers": school["quiz_answers"]},
        "/attempts/{int:attempt_id}/": {"answers": school["exam_answers"]},
        "/after/": {"position": {}, "filters": {}},
        "/snooze/": {"for": "day"},
    }
    got = {}
    for operation, _ in sorted(table(OPERATIONS, words=2).items()):
        method, path = operation.split()
        body = next((value for end, value in bodies.items() if path.endswith(end)), {})
        address = "/api" + path.replace("int:", "").format(**school)
        asked = client.get(address) if method == "GET" else client.post(address, body, content_type="application/json")
        got[operation] = str(asked.status_code)
        if asked.status_code >= 400:
            assert asked.json()["success"] is False
            assert asked.json()["code"]
    assert got == {name: row[role] for name, row in table(OPERATIONS, words=2).items()}


@pytest.mark.parametrize("role", ROLES)
def test_the_admin_site_is_for_staff_alone(school: dict[str, Any], cast: Cast, role: str) -> None:
    client = browser_of(cast, role)
    lists = [f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist" for model in admin.site._registry]
    assert len(lists) > 5
    for name in ["admin:index", "admin:progress_user_import", *lists]:
        assert client.get(reverse(name)).status_code == (200 if role == "admin" else 302), name


async def test_every_socket_gives_each_role_what_the_table_says(live: Live, cast: Cast) -> None:
    got: dict[str, dict[str, str]] = {}
    for path in table(SOCKETS, words=1):
        got[path] = {}
        for role in ROLES:
            gone = await User.objects.acreate(username=f"gone{len(got)}") if role == "gone" else None
            person = gone or getattr(cast, role, None)
            session = await live.session(person) if person else ""
            if gone:
                await User.objects.filter(pk=gone.pk).aupdate(is_active=False)
            async with live.socket(path.format(lesson=cast.bernoulli.pk), person, session=session) as client:
                if path == "/ws/feed/":
                    with contextlib.suppress(ConnectionClosed):  # refused already
                        await client.tell({"type": "subscribe", "position": None, "filters": {}})
                await until(lambda client=client: client.frames or client.closed_with is not None)
                got[path][role] = "open" if client.frames else str(client.closed_with)
    assert got == table(SOCKETS, words=1)
