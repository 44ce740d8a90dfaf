"""Achievements follow from records, are one's own, and each is told once: over tabs, devices and the API."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from progress import achievement_facts, achievement_news, audit, corrections
from progress.achievements import achievements
from progress.models import Certification, Exam, ExamAttempt, Lesson, LessonQuiz, QuizAttempt, User, UserProgress
from tests.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)


def complete(person: User, lesson: Lesson, *, days_ago: float = 0) -> UserProgress:
    """A completed lesson, as the recorder leaves it."""
    at = timezone.now() - timedelta(days=days_ago)
    return UserProgress.objects.create(
        user=person,
        lesson=lesson,
        course=lesson.course,
        status="completed",
        completed=True,
        completed_at=at,
        completed_percentage=100,
        video_watch_percentage=100,
        budget_at=at,
    )


def attempts(person: User, lesson: Lesson, *scores: float) -> list[QuizAttempt]:
    """Attempts at a lesson's quiz with these scores, one after another."""
    quiz, _ = LessonQuiz.objects.get_or_create(lesson=lesson, defaults={"title": "Quiz"})
    return [
        QuizAttempt.objects.create(
            user=person,
            quiz=quiz,
            course=lesson.course,
            attempt_number=number,
            submitted_at=timezone.now(),
            score=score,
            passed=score >= 70,
        )
        for number, score in enumerate(scores, start=1)
    ]


def earned(person: User) -> set[str]:
    """The keys of what the person has earned, but for the two that the hour of this test would decide."""
    found = achievements(achievement_facts.read(person))
    return {each.rule.key for each in found if each.earned} - {"early_bird", "night_owl"}


def told(person: User) -> list[str]:
    """What is new to them now, without those two."""
    taken = achievement_news.take(User.objects.get(pk=person.pk))
    return [each.rule.key for each in taken if each.rule.key not in ("early_bird", "night_owl")]


def test_what_a_student_did_earns_and_nobody_elses_does(cast: Cast) -> None:
    complete(cast.bob, cast.bernoulli)
    assert earned(cast.ada) == set()
    complete(cast.ada, cast.bernoulli)
    assert earned(cast.ada) == {"first_lesson", "course"}
    attempts(cast.ada, cast.bernoulli, 100)
    assert earned(cast.ada) == {"first_lesson", "course", "perfect_quiz"}
    exam = Exam.objects.create(course=cast.algorithms, title="Exam")
    for number, score in ((1, 0.0), (2, 100.0)):
        now = timezone.now()
        ExamAttempt.objects.create(
            user=cast.ada,
            exam=exam,
            course=cast.algorithms,
            attempt_number=number,
            started_at=now,
            submitted_at=now,
            score=score,
            passed=score > 50,
        )
    assert earned(cast.ada) == {"first_lesson", "course", "perfect_quiz", "exam", "after_failing"}
    Certification.objects.create(
        user=cast.ada, course=cast.algorithms, certificate_id=uuid.uuid4(), due_at=now, issued_at=now
    )
    assert "certificate" in earned(cast.ada)
    assert earned(cast.eve) == set()


def test_what_is_withdrawn_or_taken_away_earns_nothing_more(cast: Cast) -> None:
    [first] = attempts(cast.ada, cast.bernoulli, 100)
    complete(cast.ada, cast.bernoulli)
    assert earned(cast.ada) == {"first_lesson", "course", "perfect_quiz"}
    corrections.withdraw_quiz_attempt(audit.Author.of(cast.grace, "copied"), first.pk)
    assert earned(cast.ada) == {"first_lesson", "course"}
    Lesson.objects.create(course=cast.algorithms, title="One more", slug="more", duration=10)
    assert earned(cast.ada) == {"first_lesson"}


def test_each_is_told_once(cast: Cast) -> None:
    assert told(cast.ada) == []
    complete(cast.ada, cast.bernoulli)
    assert told(cast.ada) == ["first_lesson", "course"]
    assert told(cast.ada) == []
    attempts(cast.ada, cast.bernoulli, 0, 80)
    assert told(cast.ada) == ["after_failing"]
    assert told(cast.bob) == []


def test_what_was_earned_before_there_were_achievements_is_not_told(cast: Cast) -> None:
    complete(cast.ada, cast.bernoulli, days_ago=3)
    assert told(cast.ada) == []
    assert "first_lesson" in earned(cast.ada)


def test_of_many_who_ask_at_the_same_moment_one_is_told(cast: Cast) -> None:
    complete(cast.ada, cast.bernoulli)

    together = Barrier(8)

    def ask(_: int) -> list[str]:
        try:
            ada = User.objects.get(pk=cast.ada.pk)  # the connection is open by that
            together.wait(10)
            return [each.rule.key for each in achievement_news.take(ada)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(8)))
    [news] = [each for each in answers if each]
    assert {"first_lesson", "course"} <= set(news)


def test_a_page_takes_what_it_shows_and_a_head_request_takes_nothing(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.ada)
    complete(cast.ada, cast.bernoulli)
    client.head("/")
    assert client.get("/nowhere/").status_code == 404
    assert "First lesson" in client.get("/me/settings/").content.decode()
    assert "First lesson" not in client.get("/me/settings/").content.decode()


def test_the_api_gives_ones_own_and_what_is_new_once(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.ada)
    complete(cast.ada, cast.bernoulli)
    complete(cast.bob, cast.bernoulli)
    own: dict[str, Any] = client.get("/api/achievements/").json()
    first = own["achievements"][0]
    row = UserProgress.objects.get(user=cast.ada)
    assert row.completed_at is not None
    assert {**first, "earned_at": first["earned_at"][:19]} == {
        "key": "first_lesson",
        "title": "First lesson",
        "sentence": "Complete a lesson.",
        "earned": True,
        "earned_at": row.completed_at.isoformat()[:19],
        "done": 1,
        "target": 1,
        "progress": "1 of 1 lesson",
    }
    [course] = own["courses"]
    assert course["course"] == cast.algorithms.pk
    assert [step["reached"] for step in course["milestones"]] == [True] * 4
    news = [client.post("/api/achievements/news/").json()["achievements"] for _ in range(2)]
    assert [each["key"] for each in news[0]][:1] == ["first_lesson"]
    assert news[1] == []


def test_much_that_was_done_is_read_by_few_queries(cast: Cast, django_assert_num_queries: Callable[[int], Any]) -> None:
    lessons = Lesson.objects.bulk_create(
        [Lesson(course=cast.algorithms, title=f"L{n}", slug=f"l{n}", duration=1) for n in range(60)]
    )
    for number, lesson in enumerate(lessons):
        complete(cast.ada, lesson, days_ago=number)
    attempts(cast.ada, cast.bernoulli, *[0.0] * 30, 90)
    with django_assert_num_queries(5):
        found = achievements(achievement_facts.read(cast.ada))
    assert {"fifty_lessons", "streak_30", "after_failing"} <= {each.rule.key for each in found if each.earned}
    achievement_news.take(cast.ada)
    ada = User.objects.get(pk=cast.ada.pk)
    with django_assert_num_queries(1):
        assert achievement_news.take(ada) == []


def test_whether_there_is_anything_new_is_four_steps_down_indexes(cast: Cast) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(f"EXPLAIN {achievement_facts.NEWEST}", [cast.ada.pk] * 4)
        plan = "\n".join(line for [line] in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
    for index in (
        "progress_completed_user",
        "quiz_submitted_user",
        "attempt_submitted_user",
        "certificate_issued_user",
    ):
        assert index in plan, plan
    assert "Sort" not in plan
