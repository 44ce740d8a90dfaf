"""A copy of all that is kept of a person, the end of it within a minute, and who has looked."""

from __future__ import annotations

import asyncio
import io
import json
from datetime import timedelta
from typing import Any

import pytest
import redis
from asgiref.sync import async_to_sync, sync_to_async
from axes.models import AccessAttempt
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db.models import ForeignKey
from django.test import Client
from django.utils import timezone

from feed import groups
from progress import audit, corrections, recorder, school
from progress.models import (
    Certification,
    Disclosure,
    Exam,
    ExamAttempt,
    LessonQuiz,
    Outbox,
    User,
    UserProgress,
    WatchedSpan,
)
from progress.privacy import erasure, export, retention
from progress.ticks import Tick
from tests.cast import Cast
from tests.live import Live, until

pytestmark = pytest.mark.django_db(transaction=True)
EVERYTHING = [
    "format",
    "exported_at",
    "person",
    "teaches",
    "enrollments",
    "progress",
    "watched",
    "quiz_attempts",
    "exam_attempts",
    "certificates",
    "corrections",
    "corrections_made",
    "shown_to",
    "attention",
    "attention_answered",
    "looked_at_others",
    "failed_sign_ins",
    "done_in_the_admin_site",
    "operators_actions",
    "operators_actions_on_me",
]


@pytest.fixture
def studied(cast: Cast) -> Cast:
    """ada has watched, failed a quiz and passed an exam, was certified and corrected; eve has watched something."""
    played = Tick(cast.ada.pk, cast.bernoulli.pk, 3, 3, segments=((0.0, 3.0),), player="p", id=1)
    recorder.record_from_thread([played, Tick(cast.eve.pk, cast.mosses.pk, 60, 60)])
    quiz = LessonQuiz.objects.create(lesson=cast.bernoulli, title="What is B2?")
    now = timezone.now()
    quiz.attempts.create(
        user=cast.ada, course=cast.algorithms, attempt_number=1, submitted_at=now, score=0, passed=False
    )
    ExamAttempt.objects.create(
        user=cast.ada,
        exam=Exam.objects.create(course=cast.algorithms, title="Final"),
        course=cast.algorithms,
        attempt_number=1,
        started_at=now,
        submitted_at=now,
        score=100,
        passed=True,
    )
    corrections.confirm_lessons(audit.Author.of(cast.grace, "seen in class"), [(cast.ada.pk, cast.bernoulli.pk)])
    return cast


def test_a_copy_has_everything_and_nothing_of_anybody_else(studied: Cast) -> None:
    copy = json.loads(export.as_json(studied.ada))
    assert list(copy) == EVERYTHING
    assert copy["person"]["username"] == "ada"
    assert "password" not in copy["person"]
    assert [row["course"] for row in copy["enrollments"]] == [studied.algorithms.title]
    [progress] = copy["progress"]
    assert progress["lesson"] == studied.bernoulli.title
    assert progress["segments"] == [[0.0, 3.0]]
    assert [(span["from_second"], span["to_second"]) for span in copy["watched"]] == [(0.0, 3.0)]
    assert copy["quiz_attempts"][0]["quiz"] == "What is B2?"
    assert copy["exam_attempts"][0]["score"] == 100
    assert copy["corrections"][0]["by_name"] == "Grace Hopper (grace)"
    assert "Eve" not in json.dumps(copy)
    assert json.loads(export.as_json(studied.grace))["corrections_made"][0]["reason"] == "seen in class"


def test_no_column_of_a_person_is_missing_in_the_copy() -> None:
    columns = {field.name for field in User._meta.concrete_fields}
    assert columns - set(export.PROFILE) == {"password", "search_text"}


def test_no_table_about_people_is_missing_in_the_copy() -> None:
    about_people = {
        (model._meta.model_name, field.name)
        for model in _models()
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey) and field.related_model is User
    }
    told = {
        ("enrollment", "user"),
        ("userprogress", "user"),
        ("watchedspan", "user"),
        ("quizattempt", "user"),
        ("examattempt", "user"),
        ("certification", "user"),
        ("correction", "user"),
        ("correction", "by"),
        ("disclosure", "user"),
        ("disclosure", "by"),
        ("attentiondismissal", "user"),
        ("attentiondismissal", "by"),
        ("logentry", "user"),
        ("operatoraction", "by"),
        ("operatoraction", "person"),
        # Links of ManyToMany fields: courses taught, groups, permissions.
        ("course_instructors", "user"),
        ("user_groups", "user"),
        ("user_user_permissions", "user"),
    }
    assert about_people == told


def _models() -> list[Any]:
    return apps.get_models(include_auto_created=True)


def test_everybody_gets_their_own_copy_as_a_file(studied: Cast, client: Client) -> None:
    client.force_login(studied.ada)
    answer = client.get("/me/data/")
    assert answer["Content-Disposition"] == 'attachment; filename="ada.json"'
    assert answer["Cache-Control"] == "no-store"
    assert answer.json()["person"]["id"] == studied.ada.pk
    assert b'href="/me/data/"' in client.get("/me/activity/").content
    assert not Disclosure.objects.exists()


def test_who_may_export_people_does_it_in_the_admin_site_and_it_is_kept(studied: Cast, client: Client) -> None:
    studied.olga.is_staff = True
    studied.olga.save()
    studied.olga.user_permissions.add(*Permission.objects.filter(codename="view_user"))
    client.force_login(studied.olga)
    assert client.get(f"/admin/progress/user/{studied.ada.pk}/export/").status_code == 403
    assert b"Export all data" not in client.get(f"/admin/progress/user/{studied.ada.pk}/change/").content
    studied.olga.user_permissions.add(Permission.objects.get(codename="export_user"))
    link = f"/admin/progress/user/{studied.ada.pk}/export/"
    assert link.encode() in client.get(f"/admin/progress/user/{studied.ada.pk}/change/").content
    assert client.get(link).json()["person"]["username"] == "ada"
    shown = Disclosure.objects.values_list("by_name", "user__username", "where", "times").order_by("where")
    assert list(shown) == [("Olga Ops (olga)", "ada", "admin", 2), ("Olga Ops (olga)", "ada", "export", 1)]
    assert json.loads(export.as_json(studied.ada))["shown_to"][0]["by_name"] == "Olga Ops (olga)"


def test_a_command_exports_a_person(studied: Cast) -> None:
    out = io.StringIO()
    call_command("export_person", "ada", stdout=out)
    assert json.loads(out.getvalue())["person"]["username"] == "ada"
    with pytest.raises(CommandError, match="nobody"):
        call_command("export_person", "nobody")


def test_an_instructor_who_asks_for_one_student_is_kept_and_a_feed_of_all_is_not(studied: Cast, client: Client) -> None:
    client.force_login(studied.grace)
    client.get("/dashboard/students/")
    client.get("/api/feed/")
    assert not Disclosure.objects.exists()
    client.get(f"/dashboard/students/?student={studied.ada.pk}")
    client.get(f"/api/feed/?student={studied.ada.pk}&student={studied.eve.pk}")
    [kept] = Disclosure.objects.all()  # of eve she was shown nothing
    assert (kept.user, kept.by, kept.where, kept.times) == (studied.ada, studied.grace, "feed", 2)
    assert kept.first_at < kept.last_at


def test_what_one_looks_at_of_oneself_is_nobodys_business(studied: Cast, client: Client) -> None:
    client.force_login(studied.ada)
    client.get(f"/api/feed/?student={studied.ada.pk}")
    assert not Disclosure.objects.exists()


def test_the_trail_is_read_and_never_written_in_the_admin_site(studied: Cast, client: Client) -> None:
    client.force_login(studied.admin)
    row = UserProgress.objects.get(user=studied.ada)
    assert client.get(f"/admin/progress/userprogress/{row.pk}/change/").status_code == 200
    kept = Disclosure.objects.get()
    assert (kept.user, kept.where) == (studied.ada, "admin")
    assert b"Site Admin (admin)" in client.get("/admin/progress/disclosure/").content
    assert client.post(f"/admin/progress/disclosure/{kept.pk}/delete/", {"post": "yes"}).status_code == 403


def test_old_audit_records_expired_sessions_and_old_attempts_go(studied: Cast, settings: Any) -> None:
    settings.DISCLOSURES_KEPT_DAYS = 30
    now = timezone.now()
    for days in (29, 31):
        at = now - timedelta(days=days)
        Disclosure.objects.create(
            day=at.date(),
            by=studied.grace,
            by_name="g",
            user=studied.ada,
            where="feed",
            first_at=at,
            last_at=at,
            times=1,
        )
    Session.objects.create(session_key="old", session_data="", expire_date=now - timedelta(seconds=1))
    Session.objects.create(session_key="new", session_data="", expire_date=now + timedelta(hours=1))
    for name, hours in (("old", 25), ("new", 1)):
        AccessAttempt.objects.create(username=name, ip_address="10.0.0.1", failures_since_start=1)
        AccessAttempt.objects.filter(username=name).update(attempt_time=now - timedelta(hours=hours))
    async_to_sync(retention.keep_to_it)()
    assert [kept.day for kept in Disclosure.objects.all()] == [(now - timedelta(days=29)).date()]
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]
    assert list(AccessAttempt.objects.values_list("username", flat=True)) == ["new"]


async def test_an_erased_person_is_gone_everywhere_within_a_minute(live: Live, cast: Cast) -> None:
    server = redis.Redis.from_url(django_settings.REDIS_URL)
    session = await live.session(cast.ada)
    async with live.player(cast.ada, cast.bernoulli) as player:
        await player.watch(to=95)
    async with live.feed(cast.admin) as admin, live.feed(cast.grace, web=1) as grace, live.feed(cast.oscar) as oscar:
        await until(lambda: "Lovelace" in _texts(server, cast))
        await sync_to_async(_leave_traces)(cast)
        await sync_to_async(call_command)("erase_person", "ada", "--yes", stdout=io.StringIO())
        for viewer in (admin, grace):
            assert (await viewer.until("reset"))["reason"] == "renamed"
        assert oscar.of("reset") == []
        await until(lambda: "Lovelace" not in _texts(server, cast), within=60)
    assert (await live.snapshot(cast.admin))["entries"] == []

    def traces() -> list[Any]:
        return [
            *Outbox.objects.filter(user_id=cast.ada.pk),
            *Session.objects.filter(session_key=session),
            *WatchedSpan.objects.filter(user_id=cast.ada.pk),
            *AccessAttempt.objects.filter(username="ada"),
            *LogEntry.objects.filter(object_repr__icontains="ada"),
            *User.objects.filter(pk=cast.ada.pk),
            *Certification.objects.filter(user_id=cast.ada.pk),
        ]

    left: list[Any] = [None]

    async def look() -> bool:
        left[:] = await sync_to_async(traces)()
        return not left

    try:
        await until_true(look)
    except TimeoutError:
        raise AssertionError(f"left: {left}") from None


async def until_true(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not await condition():
            await asyncio.sleep(0.1)


def _texts(server: Any, cast: Cast) -> str:
    """All that the histories in which ada may stand hold, as text."""
    prefix = django_settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
    names = groups.of_entry(user_id=cast.ada.pk, course_id=cast.algorithms.pk)
    return "".join(str(server.xrange(f"{prefix}:history:{name}")) for name in names)


def _leave_traces(cast: Cast) -> None:
    AccessAttempt.objects.create(username="ada", ip_address="10.0.0.1", failures_since_start=1)
    browser = Client()
    browser.force_login(cast.admin)
    enrolled = cast.ada.enrollments.get()
    browser.post(f"/admin/progress/enrollment/{enrolled.pk}/change/", {"active": "on"})
    assert LogEntry.objects.filter(object_repr__icontains="ada").exists()


async def test_references_are_forgotten_only_once_they_are_told(
    cast: Cast, loop_services: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # They are too new for the sweeper of a site that may run on this database.
    monkeypatch.setattr(erasure, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(erasure, "LOOK_SECONDS", 0.01)
    told = await Outbox.objects.acreate(
        kind="exam_attempted", object_id=1, user_id=cast.ada.pk, at=timezone.now(), live_done_at=timezone.now()
    )
    waits = await Outbox.objects.acreate(kind="exam_attempted", object_id=2, user_id=cast.ada.pk, at=timezone.now())
    others = await Outbox.objects.acreate(
        kind="exam_attempted", object_id=3, user_id=cast.bob.pk, at=timezone.now(), live_done_at=timezone.now()
    )
    with pytest.raises(erasure.StillToBeTold):
        await erasure.forget_traces(people=[cast.ada.pk])
    assert not await Outbox.objects.filter(pk=told.pk).aexists()
    await Outbox.objects.filter(pk=waits.pk).aupdate(live_done_at=timezone.now())
    await erasure.forget_traces(people=[cast.ada.pk])
    assert [row.pk async for row in Outbox.objects.all()] == [others.pk]


def test_the_command_asks_before_it_erases(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _question: "adam")
    with pytest.raises(CommandError, match="Nothing was removed"):
        call_command("erase_person", "ada")
    assert User.objects.filter(username="ada").exists()
    school.remove_people(User.objects.filter(username="ada"))
    with pytest.raises(CommandError, match="nobody"):
        call_command("erase_person", "ada")
