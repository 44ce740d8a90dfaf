"""What outran the clock is shown to whoever teaches the course, with its reason."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from progress.advance import OUTRAN_THE_CLOCK
from progress.models import Lesson, User, UserProgress
from tests.attention.facts import forget
from tests.cast import Cast

HEADING = "Worth a look"


def dashboard(person: User) -> str:
    forget()  # what a page remembers for a while is read anew, so that pages ask as many queries
    client = Client()
    client.force_login(person)
    answer = client.get("/dashboard/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def row(person: User, lesson: Lesson, **columns: Any) -> UserProgress:
    now = timezone.now()
    return UserProgress.objects.create(
        user=person, lesson=lesson, course=lesson.course, budget_at=now, last_accessed=now, **columns
    )


def forged(person: User, lesson: Lesson) -> UserProgress:
    """A row of which a forged tick reported an hour and a half, most of it in vain."""
    counted = {"segments": [[0, 3]], "video_watch_percentage": 3, "status": "in_progress", "started_at": timezone.now()}
    return row(person, lesson, **counted, unpaid_segments=[[3, 93], [60, 123]], suspicious=OUTRAN_THE_CLOCK)


def test_an_instructor_sees_whose_report_outran_the_clock_why_and_by_how_much(cast: Cast) -> None:
    forged(cast.ada, cast.bernoulli)
    seen = dashboard(cast.grace)
    assert HEADING in seen
    assert "Ada Lovelace" in seen
    assert "Bernoulli numbers" in seen
    assert "More was reported as played than time had passed." in seen
    assert "3% count; 2 min that were reported do not." in seen, "what overlaps is one stretch"


def test_another_courses_instructor_sees_nothing_of_it_and_an_administrator_does(cast: Cast) -> None:
    forged(cast.ada, cast.bernoulli)
    assert "Ada Lovelace" in dashboard(cast.grace)
    assert HEADING not in dashboard(cast.oscar)
    assert "Ada Lovelace" in dashboard(cast.admin)


def test_where_nothing_wants_a_look_there_is_no_heading(cast: Cast) -> None:
    row(cast.ada, cast.bernoulli)
    assert HEADING not in dashboard(cast.grace)


def test_ten_are_shown_those_of_whoever_watched_last_first(cast: Cast) -> None:
    lessons = [
        Lesson.objects.create(course=cast.algorithms, title=f"Lesson {number:02}", slug=f"l{number}", duration=100)
        for number in range(12)
    ]
    for lesson in lessons:
        forged(cast.ada, lesson)
    dashboard(cast.grace)  # how the course stands is then known for a minute
    with CaptureQueriesContext(connection) as of_ten:
        seen = dashboard(cast.grace)
    UserProgress.objects.exclude(lesson=lessons[-1]).delete()
    with CaptureQueriesContext(connection) as of_one:
        dashboard(cast.grace)
    assert len(of_ten) == len(of_one)
    places = [seen.find(lesson.title) for lesson in reversed(lessons)]
    assert places[:10] == sorted(places[:10])
    assert places[10:] == [-1, -1]


@pytest.mark.parametrize("name", ["<script>alert(1)</script>"])
def test_names_are_escaped(cast: Cast, name: str) -> None:
    cast.ada.first_name = name
    cast.ada.save()
    forged(cast.ada, cast.bernoulli)
    assert name not in dashboard(cast.grace)
