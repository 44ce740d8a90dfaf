"""The page of a course: what it says of each lesson, of the end, and where one goes on; and to whom."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from progress.models import Certification, Course, Enrollment, Exam, ExamAttempt, Lesson, LessonQuiz, User, UserProgress
from progress.overview import LessonOverview, left_off
from progress.templatetags.lesson_time import clock
from tests.cast import Cast

PATH = "/courses/algorithms/"


def page(person: User, path: str = PATH) -> str:
    """What is read on a page: its main part without markup, in one line."""
    client = Client()
    client.force_login(person)
    html = client.get(path).content.decode()
    main = html[html.index("<main") : html.index("</main>")]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def watched(person: User, lesson: Lesson, percentage: float, *, minutes_ago: int, **more: Any) -> UserProgress:
    """What a student watched of a lesson, from its beginning."""
    now = timezone.now()
    return UserProgress.objects.create(
        user=person,
        lesson=lesson,
        course=lesson.course,
        budget_at=now,
        last_accessed=now - timedelta(minutes=minutes_ago),
        video_watch_percentage=percentage,
        **{
            "status": "in_progress",
            "segments": [[0.0, percentage / 100 * lesson.duration]],
            "last_watched_timestamp": percentage / 100 * lesson.duration,
            **more,
        },
    )


def completed(person: User, lesson: Lesson, *, minutes_ago: int = 60) -> UserProgress:
    """A lesson that is done."""
    done = {"status": "completed", "completed": True, "completed_at": timezone.now(), "completed_percentage": 100.0}
    return watched(person, lesson, 100, minutes_ago=minutes_ago, **done)


def lesson(course: Course, title: str, order: int, *, duration: float = 100) -> Lesson:
    """One more lesson."""
    return Lesson.objects.create(course=course, title=title, slug=title.lower(), order=order, duration=duration)


@pytest.mark.django_db
def test_each_lesson_says_what_was_watched_and_what_it_still_wants(cast: Cast) -> None:
    graphs = lesson(cast.algorithms, "Graphs", 2)
    LessonQuiz.objects.create(lesson=graphs, title="Quiz", required=True)
    lesson(cast.algorithms, "Limits", 3)
    completed(cast.ada, cast.bernoulli)
    watched(cast.ada, graphs, 65.5, minutes_ago=3)
    text = page(cast.ada)
    assert "1 of 3 lessons completed" in text
    assert "Watched 65%" in text
    assert "Watched 65% of the 90% needed. The quiz is not passed yet." in text
    assert "Quiz required" in text
    assert text.count("needed.") == 1  # neither what is completed nor what is not begun says why it is not
    graphs.quiz.attempts.create(
        user=cast.ada, course=cast.algorithms, attempt_number=1, submitted_at=timezone.now(), score=90, passed=True
    )
    assert "The quiz is not passed yet." not in page(cast.ada)
    assert "Quiz passed" in page(cast.ada)


@pytest.mark.django_db(transaction=True)  # the lesson's page begins its row through the recorder
def test_the_strip_is_drawn_by_the_server_from_what_was_watched(cast: Cast) -> None:
    watched(cast.ada, cast.bernoulli, 30, minutes_ago=1, segments=[[0.0, 10.0], [50.5, 70.5]])
    client = Client()
    client.force_login(cast.ada)
    for path in (PATH, "/courses/algorithms/bernoulli/"):
        html = client.get(path).content.decode()
        [strip] = re.findall(r'<svg class="strip".*?</svg>', html, re.DOTALL)
        assert 'viewBox="0 0 100' in strip, path
        assert re.findall(r'<path d="([^"]*)"', strip) == ["M0 0H10V1H0zM50.5 0H70.5V1H50.5z"]
    assert "Watched 0:00 to 0:10, 0:50 to 1:10" in client.get(PATH).content.decode()


@pytest.mark.django_db
def test_who_begins_goes_on_or_has_nothing_left_is_offered_just_that(cast: Cast) -> None:
    graphs = lesson(cast.algorithms, "Graphs", 2)
    assert "Begin Bernoulli numbers" in page(cast.ada)
    row = watched(cast.ada, graphs, 65.5, minutes_ago=1)
    assert "Go on at 1:05 Graphs" in page(cast.ada)
    row.delete()
    completed(cast.ada, cast.bernoulli)
    assert "Go on Graphs" in page(cast.ada)
    completed(cast.ada, graphs)
    text = page(cast.ada)
    assert "Go on" not in text
    assert "2 of 2 lessons completed" in text


@pytest.mark.django_db
def test_the_end_says_how_it_stands_with_exam_and_certificate(cast: Cast) -> None:
    exam = Exam.objects.create(course=cast.algorithms, title="Final exam", pass_mark=50)
    assert "Not taken yet. 50% right is a pass." in page(cast.ada)
    assert "1 lesson to complete The exam to pass" in page(cast.ada)
    attempt = ExamAttempt(user=cast.ada, exam=exam, course=cast.algorithms, attempt_number=1, started_at=timezone.now())
    attempt.save()
    assert "Go on with the exam" in page(cast.ada)
    attempt.submitted_at, attempt.score, attempt.passed = timezone.now(), 40, False
    attempt.save()
    assert "Not passed yet: 40% right, 50% needed." in page(cast.ada)
    attempt.score, attempt.passed = 60, True
    attempt.save()
    completed(cast.ada, cast.bernoulli)
    assert "Every lesson completed Exam passed" in page(cast.ada)
    certificate = Certification.objects.create(
        user=cast.ada, course=cast.algorithms, certificate_id=uuid.uuid4(), due_at=timezone.now()
    )
    assert "Your certificate is being issued" in page(cast.ada)
    certificate.refused = True
    certificate.save()
    assert "could not be issued yet" in page(cast.ada)
    certificate.refused, certificate.issued_at = False, timezone.now()
    certificate.save()
    client = Client()
    client.force_login(cast.ada)
    assert f'href="{certificate.get_absolute_url()}"' in client.get(PATH).content.decode()


@pytest.mark.django_db
def test_a_course_without_lessons_says_so(cast: Cast) -> None:
    Lesson.objects.all().delete()
    assert "There are no lessons here yet." in page(cast.ada)


@pytest.mark.django_db
def test_whoever_teaches_has_a_preview_and_a_way_to_the_students(cast: Cast) -> None:
    completed(cast.bob, cast.bernoulli)
    for person in (cast.grace, cast.admin):
        text = page(person)
        assert "This is what students of the course see" in text
        assert "How your students are doing" in text
        assert "completed" not in text.replace("every lesson is completed", "")
        assert "Begin" not in text
    assert "How your students are doing" not in page(cast.ada)


@pytest.mark.django_db
def test_who_may_not_see_the_course_finds_no_page_and_the_exam_keeps_its_address(cast: Cast) -> None:
    Exam.objects.create(course=cast.algorithms, title="Final exam")
    for person, expected in ((cast.ada, 200), (cast.grace, 200), (cast.eve, 404), (cast.oscar, 404)):
        client = Client()
        client.force_login(person)
        assert client.get(PATH).status_code == expected
    assert "Start the exam" in page(cast.ada, f"{PATH}exam/")
    Enrollment.objects.filter(user=cast.ada).update(active=False)
    client = Client()
    client.force_login(cast.ada)
    assert client.get(PATH).status_code == 404


def in_list(*states: str) -> list[LessonOverview]:
    """Lessons in order: "done" or "open", with "@3" where they were watched as the third, "-" where not ready."""
    begin = timezone.now()
    made: list[Any] = []
    for number, state in enumerate(states):
        name, _, seen = state.partition("@")
        at = begin + timedelta(minutes=int(seen)) if seen else None
        made.append({"url": str(number), "ready": name != "-", "completed": name == "done", "seen_at": at})
    return made


@pytest.mark.parametrize(
    ("states", "url"),
    [
        ([], None),
        (["open", "open"], "0"),
        (["done@1", "open"], "1"),
        (["done@2", "open@1", "open"], "1"),
        (["open@1", "open@2", "open"], "1"),  # the one last watched
        (["open", "open", "done@1", "open"], "3"),  # who began in the middle goes on from there
        (["open", "done@2", "done@1"], "0"),  # what was skipped comes last
        (["done@1", "-", "open"], "2"),
        (["done@1", "-"], None),
        (["done@1", "done@2"], None),
    ],
)
def test_one_goes_on_where_one_left_off(states: list[str], url: str | None) -> None:
    found = left_off(in_list(*states))
    assert (found["url"] if found else None) == url


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.99, "0:59"), (65.5, "1:05"), (3600, "1:00:00"), (36125.2, "10:02:05")]
)
def test_a_place_in_a_lesson_is_said_as_players_say_it(seconds: float, text: str) -> None:
    assert clock(seconds) == text
