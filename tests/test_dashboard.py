"""The dashboard: figures of the viewer's day, each what its list shows, along indexes; courses; what is empty."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from feed import course_cards, figures, presence
from feed.entries import timestamp
from feed.figures import day_of
from feed.presence import Seat
from progress.models import Certification, Course, Enrollment, Exam, Lesson, User
from progress.querysets import is_administrator
from tests.cast import Cast
from tests.test_newest import plan_of
from tests.test_query import attempted, fill, nodes, watched

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Courses of an earlier test may have had the same ids."""
    monkeypatch.setattr(course_cards, "_known", {})


def browser_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page_of(person: User) -> str:
    answer = browser_of(person).get("/dashboard/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def lesson_of(course: Course, number: int) -> Lesson:
    return Lesson.objects.create(course=course, title=f"Lesson {number}", slug=f"n{number}", duration=9)


def passed(person: User, course: Course, at: datetime, *, number: int = 1) -> None:
    exam, _ = Exam.objects.get_or_create(course=course, defaults={"title": "Exam"})
    attempt = attempted(person, exam, at, number=number)
    attempt.passed = True
    attempt.save()


def test_a_day_is_the_viewers_and_is_compared_up_to_the_same_time_by_the_clock_though_it_was_changed() -> None:
    day = day_of(datetime(2026, 10, 28, 22, 30, tzinfo=UTC), BERLIN)  # 23:30 in Berlin, winter time since the 25th
    assert [each.astimezone(UTC) for each in day] == [
        datetime(2026, 10, 27, 23, tzinfo=UTC),
        datetime(2026, 10, 28, 23, tzinfo=UTC),
        datetime(2026, 10, 20, 22, tzinfo=UTC),
        datetime(2026, 10, 21, 21, 30, tzinfo=UTC),  # 23:30 in summer time
    ]
    assert day_of(datetime(2026, 10, 28, 23, 30, tzinfo=UTC), BERLIN).since == day.until


@pytest.mark.django_db
def test_figures_count_today_and_a_week_ago_and_only_what_the_viewer_sees(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: now)
    for number, ago in enumerate([timedelta(hours=1), timedelta(hours=11), timedelta(hours=13), timedelta(days=7)]):
        watched(cast.ada, lesson_of(cast.algorithms, number), now - ago, completed=True)
    watched(cast.ada, lesson_of(cast.algorithms, 8), now - timedelta(days=7, hours=1), completed=True)
    watched(cast.ada, lesson_of(cast.algorithms, 9), now - timedelta(hours=2))
    watched(cast.eve, cast.mosses, now - timedelta(hours=1), completed=True)
    passed(cast.bob, cast.algorithms, now - timedelta(hours=1))
    attempted(cast.ada, Exam.objects.get(), now - timedelta(hours=1))
    for person, withdrawn in ((cast.ada, None), (cast.bob, now)):
        at = now - timedelta(hours=3)
        Certification.objects.create(
            user=person, course=cast.algorithms, certificate_id=uuid4(), due_at=at, issued_at=at, withdrawn_at=withdrawn
        )

    def counts(person: User) -> dict[str, Any]:
        return {name: tuple(counted) for name, counted in figures.read(person, []).counts.items()}

    assert counts(cast.grace) == {"completions": (2, 1), "passes": (1, 0), "certificates": (1, 0)}
    assert counts(cast.oscar) == {"completions": (1, 0), "passes": (0, 0), "certificates": (0, 0)}
    assert counts(cast.admin) == {"completions": (3, 1), "passes": (1, 0), "certificates": (1, 0)}
    cast.grace.time_zone = "Pacific/Auckland"  # there it is one in the morning
    assert counts(cast.grace)["completions"] == (1, 1)


@pytest.mark.django_db
def test_each_count_is_of_the_list_that_it_leads_to(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 11, 25, 20, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: now)
    cast.grace.time_zone = "Pacific/Auckland"  # there it is nine in the morning of the next day
    cast.grace.save()
    Enrollment.objects.create(user=cast.grace, course=cast.botany)
    for number in range(9):
        at = now - timedelta(hours=4 * number)
        watched(cast.ada, lesson_of(cast.algorithms, number), at, completed=True)
        watched(cast.grace, lesson_of(cast.botany, number), at, completed=True)
        watched(cast.eve, Lesson.objects.get(course=cast.botany, slug=f"n{number}"), at, completed=True)
    seen = page_of(cast.grace)
    href = re.search(r'data-figure="completions".*?href="([^"]+)"', seen)
    assert href is not None
    listed = browser_of(cast.grace).get(unescape(href[1])).context["feed"]["entries"]
    assert len(listed) == figures.read(cast.grace, []).counts["completions"].today == 6


@pytest.mark.django_db
def test_what_was_counted_just_now_is_told_so_that_it_does_not_count_again_live(cast: Cast) -> None:
    now = timezone.now()
    fresh = watched(cast.ada, cast.bernoulli, now, completed=True)
    watched(cast.bob, cast.bernoulli, now - timedelta(minutes=1), completed=True)
    told = browser_of(cast.grace).get("/api/figures/").json()
    assert told["recent"] == [f"lesson_completed:{fresh.pk}"]
    assert timestamp(now - timedelta(minutes=1)) < told["settled"] < timestamp(now)
    assert told["courses"] == {str(cast.algorithms.pk): told["counts"]["completions"]["today"]}


@pytest.mark.django_db
def test_active_are_those_who_are_here_and_those_of_whom_something_came_each_once(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    watched(cast.ada, cast.bernoulli, now - timedelta(minutes=4))
    watched(cast.bob, cast.bernoulli, now - timedelta(minutes=6))

    def seat(person: User, state: Any) -> Seat:
        known: dict[str, Any] = {"position": 0.0, "percentage": 0.0, "watched": "", "since": now, "state": state}
        names = {"user_id": person.pk, "course_id": cast.algorithms.pk, "lesson_id": cast.bernoulli.pk}
        return Seat(**names, **known)

    asked: list[Any] = []

    def seats(courses: Any) -> list[Seat]:
        asked.append(courses)
        return [seat(cast.ada, "playing"), seat(cast.eve, "paused"), seat(cast.bob, "gone")]

    monkeypatch.setattr(presence, "seats_from_thread", seats)
    told = browser_of(cast.grace).get("/api/figures/").json()
    assert (told["active"], told["here"], told["watching"]) == (2, 2, 1)
    assert asked == [[cast.algorithms.pk]]
    monkeypatch.setattr(presence, "seats_from_thread", lambda courses: None)
    told = browser_of(cast.admin).get("/api/figures/").json()
    assert (told["active"], told["here"], told["watching"]) == (1, None, None)
    assert "This cannot be told at the moment." in page_of(cast.admin)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/dashboard/", "/dashboard/students/"])
def test_a_page_asks_once_who_is_there(cast: Cast, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def seats(courses: Any) -> list[Seat]:
        asked.append(courses)
        return []

    monkeypatch.setattr(presence, "seats_from_thread", seats)
    for person in (cast.grace, cast.admin):
        assert browser_of(person).get(path).status_code == 200
    assert asked == [[cast.algorithms.pk], None]


@pytest.mark.django_db
def test_a_card_says_how_far_those_are_who_study_now(cast: Cast) -> None:
    second = lesson_of(cast.algorithms, 1)
    Lesson.objects.create(course=cast.algorithms, title="Not ready", slug="not-ready")
    gone = User.objects.create(username="gone")
    Enrollment.objects.create(user=gone, course=cast.algorithms, active=False)
    now = timezone.now()
    for person, lesson in ((cast.ada, cast.bernoulli), (gone, cast.bernoulli), (gone, second)):
        watched(person, lesson, now - timedelta(days=2), completed=True)
    watched(cast.bob, second, now)
    day = day_of(now, ZoneInfo("UTC"))
    (card,) = course_cards.of(cast.grace, day)
    assert (card["stand"], card["stand"].average, card["completions"]) == ((2, 2, 1), 25, 0)
    assert [each["course"] for each in course_cards.of(cast.admin, day)] == [cast.algorithms, cast.botany]
    seen = page_of(cast.grace)
    assert "25% of the course completed on average" in seen
    assert f'href="/dashboard/courses/{cast.algorithms.slug}/"' in seen


@pytest.mark.django_db
def test_what_is_empty_says_what_to_expect(cast: Cast) -> None:
    quiet = "Nothing is completed, passed or certified yet today."
    assert re.search(rf"data-quiet>{quiet}", page_of(cast.grace))
    watched(cast.ada, cast.bernoulli, timezone.now(), completed=True)
    assert re.search(rf"data-quiet hidden>{quiet}", page_of(cast.grace))
    assert "Nobody studies your courses yet." not in page_of(cast.grace)
    Enrollment.objects.all().delete()
    course_cards._known.clear()
    assert "Nobody studies your courses yet." in page_of(cast.grace)
    Course.objects.all().delete()
    assert "You teach no course." in page_of(cast.admin)


@pytest.mark.django_db(transaction=True)
def test_figures_and_cards_read_no_table_of_progress_from_end_to_end(cast: Cast) -> None:
    fill(1_000_000)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE progress_userprogress")  # as a database that has run for an hour
    busy, one = (User.objects.create(username=name) for name in ("busy", "one"))
    for number in range(50):
        course = Course.objects.create(title=f"C{number}", slug=f"c{number}")
        course.instructors.add(busy)
    busy.courses_taught.add(*Course.objects.filter(slug__startswith="course"))
    one.courses_taught.add(Course.objects.get(slug="course1"))
    for viewer in (cast.admin, busy, one):
        is_administrator(viewer)  # permissions are read once a person, and kept
        course_cards._known.clear()
        with CaptureQueriesContext(connection) as queries:
            day = figures.read(viewer, []).day
            course_cards.of(viewer, day)
        of_progress = [each["sql"] for each in queries.captured_queries if "progress_userprogress" in each["sql"]]
        assert len(of_progress) == 3
        for sql in of_progress:
            read = {(node["Node Type"], node.get("Relation Name")) for node in nodes(plan_of(sql))}
            assert ("Seq Scan", "progress_userprogress") not in read, (viewer.username, sql, read)
