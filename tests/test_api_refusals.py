"""How the API refuses what cannot be: always in its one shape, whoever refuses it, and never with a failure."""

from __future__ import annotations

import base64
from typing import Any
from unittest.mock import Mock

import pytest
from django.test import Client
from pytest_django import Settings

from progress.models import LessonQuiz
from tests.cast import Cast
from tests.papers import ask
from tests.test_api import post, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


def in_shape(answer: Any, status: int, code: str) -> bool:
    """Whether this is the refusal, in the one shape that all have."""
    said = answer.json()
    assert (answer.status_code, said["code"], said["success"]) == (status, code, False)
    assert answer["Content-Length"] == str(len(answer.content))
    return bool(said["error"])


@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "patch"])
def test_an_address_that_the_api_has_not_answers_in_its_shape(cast: Cast, method: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert in_shape(getattr(strict, method)("/api/nothing/here/"), 404, "not_found")


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch", "options"])
def test_a_method_that_an_address_has_not_answers_in_the_shape_and_says_which_it_has(cast: Cast, method: str) -> None:
    answer = getattr(signed_in(cast.ada), method)(f"/api/lessons/{cast.bernoulli.pk}/progress/")
    assert in_shape(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "POST"


@pytest.mark.parametrize("debug", [True, False])
def test_an_unexpected_failure_of_the_api_answers_in_its_shape_and_tells_nothing_else(
    cast: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch, debug: bool
) -> None:
    settings.DEBUG = debug
    monkeypatch.setattr("progress.overview.of_everything", Mock(side_effect=ZeroDivisionError("a secret")))
    client = Client(raise_request_exception=False)
    client.force_login(cast.ada)
    answer = client.get("/api/courses/")
    assert in_shape(answer, 500, "failed")
    assert b"secret" not in answer.content


def test_a_request_that_django_does_not_read_answers_in_the_shape(cast: Cast, settings: Settings) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.ada)
    client.cookies["csrftoken"] = "x" * 32  # without the header, so that the token is looked for in the form
    path = f"/api/lessons/{cast.bernoulli.pk}/progress/"
    without_boundary = client.generic("POST", path, b"--", content_type="multipart/form-data")
    assert in_shape(without_boundary, 400, "bad_request")
    fields = "&".join(f"f{n}=1" for n in range(2000))
    too_many = client.post(path, fields, content_type="application/x-www-form-urlencoded")
    assert in_shape(too_many, 400, "bad_request")
    settings.ALLOWED_HOSTS = ["feed.example"]
    assert in_shape(client.get("/api/courses/", headers={"host": "evil.example"}), 400, "bad_request")


def test_a_page_that_is_not_there_stays_a_page(cast: Cast) -> None:
    answer = signed_in(cast.ada).get("/nothing/api/")
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"watch_percentage": 5, "timestamp": 1, "player": "a\x00b"}', 400, "invalid_json"),
        (b'{"watch_percentage": 5, "timestamp": 1, "player": "a\\u0000b"}', 422, "invalid_player"),
        (b'{"watch_percentage": 5, "timestamp": 1, "player": "\\ud800"}', 422, "invalid_player"),
        (b'{"watch_percentage": 5, "timestamp": 1, "player": "\xff"}', 400, "invalid_json"),
        (b'{"watch_percentage": Infinity, "timestamp": 1}', 422, "invalid_percentage"),
        (b'{"watch_percentage": 5, "timestamp": -Infinity}', 422, "invalid_timestamp"),
        (b'{"watch_percentage": 5, "timestamp": 1, "segments": [[0, NaN]]}', 422, "invalid_segments"),
        (b'{"watch_percentage": 5, "timestamp": 1, "id": 9223372036854775808}', 422, "invalid_id"),
        (b'{"watch_percentage": 5, "timestamp": 1, "id": ' + b"9" * 4000 + b"}", 422, "invalid_id"),
        (b'{"watch_percentage": 5, "timestamp": 1, "id": ' + b"9" * 5000 + b"}", 400, "invalid_json"),
        (b'{"watch_percentage": 5, "timestamp": 1, "more": ' + b"[" * 900 + b"]" * 900 + b"}", 200, ""),
        (b'{"more": ' + b'{"a":' * 9000 + b"1" + b"}" * 9000 + b"}", 400, "invalid_json"),
    ],
)
def test_what_json_can_carry_is_read_or_refused_and_never_a_failure(
    cast: Cast, body: bytes, status: int, code: str
) -> None:
    answer = post(signed_in(cast.ada), f"/api/lessons/{cast.bernoulli.pk}/progress/", body)
    assert (answer.status_code, answer.json().get("code", "")) == (status, code)


@pytest.mark.parametrize(
    "id", ["0", "-1", "1.5", "9223372036854775807", "9223372036854775808", "9" * 4000, "%00", "%ff", "\u0663"]
)
def test_an_id_that_cannot_be_is_not_found(cast: Cast, id: str) -> None:
    client = signed_in(cast.admin)
    for path in (f"lessons/{id}/quiz", f"exams/{id}"):
        assert in_shape(client.get(f"/api/{path}/"), 404, "not_found")
    for path in (f"lessons/{id}/progress", f"lessons/{id}/complete", f"exams/{id}/attempts", f"attempts/{id}"):
        assert in_shape(post(client, f"/api/{path}/", {"answers": {}}), 404, "not_found")


def test_answers_with_any_ids_are_refused(cast: Cast) -> None:
    quiz = LessonQuiz.objects.create(lesson=cast.bernoulli, title="Quiz")
    [question, *_] = ask(quiz=quiz)[0]
    path, client = f"/api/lessons/{cast.bernoulli.pk}/quiz/", signed_in(cast.ada)
    for answers, code in (
        ({question: 2**70}, "unknown_choice"),
        ({question: 1e308}, "unknown_choice"),
        ({question: "\x00"}, "unknown_choice"),
        ({question: [[]]}, "unknown_choice"),
        ({str(2**70): 1}, "unknown_question"),
        ({"\x00": 1}, "unknown_question"),
    ):
        assert in_shape(post(client, path, {"answers": answers}), 422, code)
    for submission in ("\x00", 2**70, "2b1f6a7e0a444c0e9d0c6a3f2f6f0a1\x00"):
        assert in_shape(post(client, path, {"answers": {}, "submission": submission}), 422, "invalid_submission")
    assert in_shape(post(client, path, '{"answers": {}, "submission": "\\ud800"}'), 422, "invalid_submission")


@pytest.mark.parametrize("offset", ["+23:59", "-16:00", "+00:00:00.5", "-12:34:56.789"])
def test_a_moment_may_have_any_offset_though_postgresql_reads_fewer(cast: Cast, offset: str) -> None:
    client = signed_in(cast.ada)
    post(client, f"/api/lessons/{cast.bernoulli.pk}/progress/", {"watch_percentage": 60, "timestamp": 60})
    [entry] = client.get("/api/feed/", {"since": f"2026-01-01T00:00:00{offset}"}).json()["entries"]
    assert client.get("/api/feed/", {"until": f"2026-01-01T00:00:00{offset}"}).json()["entries"] == []
    cursor = base64.urlsafe_b64encode(f"2999-01-01T00:00:00.0{offset}|progress_update|1".encode()).decode()
    assert client.get("/api/feed/", {"before": cursor}).json()["entries"] == [entry]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_that_no_calendar_has_in_utc_is_refused(cast: Cast, moment: str) -> None:
    client = signed_in(cast.admin)
    for name in ("since", "until"):
        answer = client.get("/api/feed/", {name: moment})
        assert (answer.status_code, answer.json()["code"]) == (422, f"invalid_{name}")
    cursor = base64.urlsafe_b64encode(f"{moment[:19]}.0{moment[19:]}|progress_update|1".encode()).decode()
    answer = client.get("/api/feed/", {"before": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


@pytest.mark.parametrize("key", ['"aaaaaaaa\\000"', '"\\000"', "\xff" * 40, "a" * 5000, '"\\355\\240\\200aaaaaaaa"'])
def test_a_session_key_that_cannot_be_is_nobody_s(cast: Cast, key: str) -> None:
    asked = {"cookie": f"sessionid={key}; csrftoken={key}"}
    assert in_shape(Client().get("/api/courses/", headers=asked), 401, "not_signed_in")
    assert Client().get("/", headers=asked).status_code == 302
