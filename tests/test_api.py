"""The HTTP API: what it answers, and how it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from progress.models import Enrollment, UserProgress
from tests.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(path, body, content_type="application/json")


def test_a_tick_over_http_is_answered_with_what_was_stored(cast: Cast) -> None:
    path = f"/api/lessons/{cast.bernoulli.pk}/progress/"
    answer = post(signed_in(cast.ada), path, {"watch_percentage": 45.5, "timestamp": 120.5})
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "watch_percentage": 45.5, "status": "in_progress", "completed": False}
    row = UserProgress.objects.get()
    assert (row.video_watch_percentage, row.last_watched_timestamp) == (45.5, 100.0)  # the lesson lasts 100 s


def test_mark_as_complete_completes_and_says_so_again(cast: Cast) -> None:
    client = signed_in(cast.ada)
    for _ in range(2):
        answer = post(client, f"/api/lessons/{cast.bernoulli.pk}/complete/", {})
        assert answer.status_code == 200
        assert answer.json() == {
            "success": True,
            "message": "Lesson marked as complete",
            "lesson_id": cast.bernoulli.pk,
        }
    row = UserProgress.objects.get()
    assert (row.completed, row.video_watch_percentage, row.completed_percentage) == (True, 0, 0)


def test_courses_tell_what_the_caller_may_see_and_how_far_the_caller_is(cast: Cast) -> None:
    client = signed_in(cast.ada)
    post(client, f"/api/lessons/{cast.bernoulli.pk}/progress/", {"watch_percentage": 60, "timestamp": 60})
    assert client.get("/api/courses/").json() == {
        "courses": [
            {
                "id": cast.algorithms.pk,
                "slug": "algorithms",
                "title": "Algorithms",
                "exam": None,
                "lessons": [
                    {
                        "id": cast.bernoulli.pk,
                        "slug": "bernoulli",
                        "title": "Bernoulli numbers",
                        "duration": 100.0,
                        "quiz_required": False,
                        "watch_percentage": 60.0,
                        "status": "in_progress",
                        "completed": False,
                    }
                ],
            }
        ]
    }
    assert [course["slug"] for course in signed_in(cast.admin).get("/api/courses/").json()["courses"]] == [
        "algorithms",
        "botany",
    ]
    assert signed_in(cast.olga).get("/api/courses/").json() == {"courses": []}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"watch_percentage": 101, "timestamp": 1}, 422, "invalid_percentage"),
        ({"watch_percentage": -0.01, "timestamp": 1}, 422, "invalid_percentage"),
        ('{"watch_percentage": NaN, "timestamp": 1}', 422, "invalid_percentage"),
        ({"watch_percentage": "45", "timestamp": 1}, 422, "invalid_percentage"),
        ({"watch_percentage": True, "timestamp": 1}, 422, "invalid_percentage"),
        ({"timestamp": 1}, 422, "invalid_percentage"),
        ({"watch_percentage": 45, "timestamp": -1}, 422, "invalid_timestamp"),
        ({"watch_percentage": 45, "timestamp": 1e9}, 422, "invalid_timestamp"),
        ({"watch_percentage": 45}, 422, "invalid_timestamp"),
        ({"watch_percentage": 45, "timestamp": 1, "segments": [[5, 1]]}, 422, "invalid_segments"),
        ({"watch_percentage": 45, "timestamp": 1, "segments": None}, 422, "invalid_segments"),
        ({"watch_percentage": 45, "timestamp": 1, "id": -1}, 422, "invalid_id"),
        ({"watch_percentage": 45, "timestamp": 1, "player": ""}, 422, "invalid_player"),
        ({"watch_percentage": 45, "timestamp": 1, "state": "sleeping"}, 422, "invalid_state"),
        ({"watch_percentage": 45, "timestamp": 1, "rate": 0}, 422, "invalid_rate"),
        ({"watch_percentage": 45, "timestamp": 1, "rate": 17}, 422, "invalid_rate"),
        ({"watch_percentage": 45, "timestamp": 1, "rate": True}, 422, "invalid_rate"),
        ("{", 400, "invalid_json"),
        ("", 400, "invalid_json"),
        ("[" * 5000, 400, "invalid_json"),
        ("[1]", 400, "invalid_frame"),
        (b"\xff\xfe", 400, "invalid_json"),
        (" " * 65_537, 413, "body_too_large"),
        (" " * 2_000_000, 413, "body_too_large"),
    ],
)
def test_a_bad_tick_is_refused_with_its_code_and_stores_nothing(cast: Cast, body: Any, status: int, code: str) -> None:
    answer = post(signed_in(cast.ada), f"/api/lessons/{cast.bernoulli.pk}/progress/", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["success"] is False
    assert answer.json()["error"]
    assert UserProgress.objects.count() == 0


def test_progress_is_for_enrolled_students_and_a_lesson_unseen_is_not_found(cast: Cast) -> None:
    tick = {"watch_percentage": 45, "timestamp": 1}
    path = f"/api/lessons/{cast.bernoulli.pk}"
    for person, status, code in (
        (cast.grace, 403, "not_enrolled"),
        (cast.admin, 403, "not_enrolled"),
        (cast.eve, 404, "not_found"),
        (cast.oscar, 404, "not_found"),
        (cast.olga, 404, "not_found"),
    ):
        for action, body in (("progress", tick), ("complete", {})):
            answer = post(signed_in(person), f"{path}/{action}/", body)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert post(signed_in(cast.ada), "/api/lessons/999999/progress/", tick).status_code == 404
    assert post(signed_in(cast.ada), "/api/lessons/99999999999999999999/progress/", tick).status_code == 404
    Enrollment.objects.filter(user=cast.ada).update(active=False)
    assert post(signed_in(cast.ada), f"{path}/progress/", tick).status_code == 404
    assert UserProgress.objects.count() == 0


def test_nobody_gets_in_without_a_session_or_posts_without_a_token(cast: Cast) -> None:
    for path in ("/api/courses/", "/api/feed/"):
        answer = Client().get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.ada)
    answer = post(strict, f"/api/lessons/{cast.bernoulli.pk}/progress/", {"watch_percentage": 5, "timestamp": 1})
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "invalid_limit"),
        ("limit=201", "invalid_limit"),
        ("limit=ten", "invalid_limit"),
        ("type=gossip", "invalid_type"),
        ("course=x", "invalid_course"),
        ("student=-1", "invalid_student"),
        ("q=ab", "invalid_q"),
        ("q=" + "x" * 101, "invalid_q"),
        ("q=ab%00c", "invalid_q"),
        ("since=yesterday", "invalid_since"),
        ("since=2026-11-22", "invalid_since"),
        ("until=2026-11-22T12:00:00", "invalid_until"),
        ("before=nonsense", "invalid_cursor"),
    ],
)
def test_a_bad_filter_is_refused_with_its_code(cast: Cast, query: str, code: str) -> None:
    answer = signed_in(cast.admin).get(f"/api/feed/?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_the_feed_is_paged_by_its_cursor_and_carries_a_position(cast: Cast) -> None:
    client = signed_in(cast.ada)
    for path in ("progress", "complete"):
        post(client, f"/api/lessons/{cast.bernoulli.pk}/{path}/", {"watch_percentage": 60, "timestamp": 60})
    first = client.get("/api/feed/?limit=1&type=&course=&q=").json()
    assert [entry["type"] for entry in first["entries"]] == ["progress_update"]
    second = client.get("/api/feed/", {"limit": 1, "before": first["next"]}).json()
    assert [entry["type"] for entry in second["entries"]] == ["lesson_completed"]
    assert second["next"] is None
    assert list(first["position"]) == [f"feed.student.{cast.ada.pk}"]
    assert list(signed_in(cast.admin).get("/api/feed/").json()["position"]) == ["feed.all"]
    refused = signed_in(cast.olga).get("/api/feed/")
    assert (refused.status_code, refused.json()["code"]) == (403, "nothing_to_see")


def test_after_a_position_comes_what_happened_since_or_a_reset(cast: Cast) -> None:
    admin, ada = signed_in(cast.admin), signed_in(cast.ada)
    position = admin.get("/api/feed/").json()["position"]
    for percentage in (55, 65, 95):
        post(ada, f"/api/lessons/{cast.bernoulli.pk}/progress/", {"watch_percentage": percentage, "timestamp": 1})
    after = post(admin, "/api/feed/after/", {"position": position, "filters": {}}).json()
    assert not after["reset"]
    assert after["withdrawn"] == []
    assert after["entries"] == admin.get("/api/feed/").json()["entries"]
    assert after["position"] == admin.get("/api/feed/").json()["position"]
    only = post(admin, "/api/feed/after/", {"position": position, "filters": {"type": ["lesson_completed"]}}).json()
    assert [entry["type"] for entry in only["entries"]] == ["lesson_completed"]
    for wrong in (None, {}, {"feed.all": "x"}, {"feed.all": "deadbeef.4"}, {"feed.course.1": "deadbeef.4"}, [], "x"):
        answer = post(admin, "/api/feed/after/", {"position": wrong})
        assert answer.status_code == 200, answer.content
        assert answer.json()["reset"]
    for wrong in ([1], [], False, 0, "", "x"):
        answer = post(admin, "/api/feed/after/", {"position": position, "filters": wrong})
        assert answer.json()["code"] == "invalid_filters"
    for none in (None, {}):
        assert not post(admin, "/api/feed/after/", {"position": position, "filters": none}).json()["reset"]


def test_the_schema_and_its_page_are_served(cast: Cast) -> None:
    client = signed_in(cast.ada)
    schema = client.get("/api/openapi.json").json()
    assert "/api/lessons/{lesson_id}/progress/" in schema["paths"]
    assert client.get("/api/docs").status_code == 200
