"""Confirming a lesson by hand: the reason, then the question whether it is meant, then it is done and noted."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from progress import recorder, school
from progress.models import Correction, Enrollment, Lesson, LessonQuiz, UserProgress
from progress.refusals import NotFound, NotRecorded
from progress.ticks import Tick
from tests.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)

REASON = "was in the room"
SURE = {"reason": REASON, "sure": "yes"}


def desk(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def address(cast: Cast, lesson: int | None = None) -> str:
    return f"/dashboard/students/{cast.ada.pk}/lessons/{lesson or cast.bernoulli.pk}/confirm/"


def completed(cast: Cast) -> bool:
    return UserProgress.objects.filter(user=cast.ada, completed=True).exists()


def test_a_reason_alone_confirms_nothing_and_a_yes_to_it_does(cast: Cast) -> None:
    LessonQuiz.objects.create(lesson=cast.bernoulli, title="Quiz", required=True)
    grace = desk(cast.grace)
    asked = grace.post(address(cast), {"reason": REASON})
    assert asked.status_code == 200
    assert "Yes, confirm it" in asked.content.decode()
    assert f'name="reason" value="{REASON}"' in asked.content.decode()
    assert not completed(cast)
    done = grace.post(address(cast), SURE)
    assert (done.status_code, done["Location"]) == (
        302,
        f"/dashboard/students/{cast.ada.pk}/#lesson-{cast.bernoulli.pk}",
    )
    assert "The lesson is confirmed as completed." in grace.get(done["Location"]).content.decode()
    kept = Correction.objects.get()
    assert (kept.kind, kept.user, kept.by, kept.by_name, kept.reason) == (
        "lesson_confirmed",
        cast.ada,
        cast.grace,
        "Grace Hopper (grace)",
        REASON,
    )
    assert completed(cast)


@pytest.mark.parametrize("reason", ["", "   ", "ab", "x" * 501])
def test_a_reason_that_is_none_is_asked_for_again(cast: Cast, reason: str) -> None:
    for sure in ({}, {"sure": "yes"}):
        answer = desk(cast.grace).post(address(cast), {"reason": reason, **sure})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode()
    assert not completed(cast)
    assert not Correction.objects.exists()


def test_what_is_completed_already_is_not_confirmed(cast: Cast) -> None:
    recorder.record_from_thread([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
    for answer in (desk(cast.grace).get(address(cast)), desk(cast.grace).post(address(cast), SURE)):
        assert answer.status_code == 409
        assert "This lesson is completed already." in answer.content.decode()
    assert not Correction.objects.exists()


def test_a_lesson_that_is_gone_or_of_another_course_is_not_there(cast: Cast) -> None:
    gone = address(cast)
    others = address(cast, cast.mosses.pk)
    not_ready = Lesson.objects.create(course=cast.algorithms, title="Later", slug="later")
    school.remove_lessons(Lesson.objects.filter(pk=cast.bernoulli.pk))
    for path in (gone, others, address(cast, not_ready.pk)):
        answer = desk(cast.grace).post(path, SURE)
        assert answer.status_code == 404
        assert "There is no such lesson among those that this student studies with you." in answer.content.decode()
    assert not Correction.objects.exists()


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [(NotFound("lesson"), 404, "There is no such lesson"), (NotRecorded(), 422, "This could not be recorded.")],
)
def test_what_goes_or_fails_at_this_very_moment_is_said(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, raised: Exception, status: int, said: str
) -> None:
    def fail(*_: Any) -> int:
        raise raised

    monkeypatch.setattr("progress.corrections.confirm_lessons", fail)
    answer = desk(cast.grace).post(address(cast), SURE)
    assert answer.status_code == status
    assert said in answer.content.decode()


def test_what_is_completed_between_the_look_and_the_lock_is_said(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("progress.corrections.confirm_lessons", lambda *_: 0)
    assert desk(cast.grace).post(address(cast), SURE).status_code == 409


def test_only_whoever_teaches_the_course_and_administrators_confirm(cast: Cast) -> None:
    for person in (cast.ada, cast.bob, cast.oscar, cast.olga, cast.eve):
        assert desk(person).post(address(cast), SURE).status_code == 404
    assert not completed(cast)
    assert desk(cast.admin).post(address(cast), SURE).status_code == 302
    assert completed(cast)


def test_a_student_whose_enrolment_ended_can_be_confirmed_too(cast: Cast) -> None:
    Enrollment.objects.filter(user=cast.ada).update(active=False)
    assert desk(cast.grace).post(address(cast), SURE).status_code == 302


def test_a_post_of_another_site_confirms_nothing(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.grace)
    assert client.post(address(cast), SURE).status_code == 403
    assert not completed(cast)
