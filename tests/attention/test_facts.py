"""What is read: exactly those whom the rules mean, in courses of the viewer, and in what order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from feed import attention, presence
from feed.attention import departed, replaying, scope
from feed.attention.listing import Reason, parse_id
from feed.presence import Seat
from progress import attention as answers
from progress.models import Lesson, LessonQuiz, User, UserProgress
from tests.attention.facts import add_class, began, completed, failed, forget, played
from tests.cast import Cast

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
FOUR_DAYS = timedelta(days=4)


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """Each test has a school of its own."""
    forget()
    yield
    forget()


@pytest.fixture
def quiz(cast: Cast) -> LessonQuiz:
    return LessonQuiz.objects.create(lesson=cast.bernoulli, title="Quiz", pass_mark=70)


def seen(viewer: User) -> list[tuple[str, str]]:
    """Kind and student of each reason, in order."""
    departed.forget()
    return [(each.kind, each.student["name"]) for each in attention.for_viewer(viewer)]


def test_who_replays_a_part_now_is_stuck_until_the_lesson_is_completed(cast: Cast) -> None:
    row = began(cast.ada, cast.bernoulli, ago=timedelta())
    played(cast.ada, cast.bernoulli, (0, 50), (20, 50), (20, 50))
    [found] = attention.for_viewer(cast.grace)
    assert found.sentence == "The part from 0:20 to 0:50 was played at least 3 times within half an hour."
    assert (found.student["name"], found.course["slug"], found.lesson and found.lesson["slug"]) == (
        "Ada Lovelace",
        "algorithms",
        "bernoulli",
    )
    assert found.url == f"/dashboard/students/{cast.ada.pk}/"
    UserProgress.objects.filter(pk=row.pk).update(
        status="completed", completed=True, completed_at=timezone.now(), completed_percentage=95
    )
    replaying.forget()
    assert seen(cast.grace) == []


@pytest.mark.parametrize("minutes", [29, 31])
def test_what_was_replayed_before_half_an_hour_is_over(cast: Cast, minutes: int) -> None:
    began(cast.ada, cast.bernoulli, ago=timedelta())
    ago = timezone.now() - timedelta(minutes=minutes)
    played(cast.ada, cast.bernoulli, (20, 50), (20, 50), (20, 50), at=ago)
    assert seen(cast.grace) == ([("stuck", "Ada Lovelace")] if minutes == 29 else [])


def test_who_watches_a_film_once_in_many_ticks_is_not_stuck(cast: Cast) -> None:
    began(cast.ada, cast.bernoulli, ago=timedelta())
    played(cast.ada, cast.bernoulli, *[(at, at + 5.25) for at in range(0, 95, 5)], (0, 40))
    assert replaying.read([cast.algorithms.pk]) == {}


def test_a_class_that_replays_is_read_once_for_all_pages_that_ask(cast: Cast) -> None:
    began(cast.ada, cast.bernoulli, ago=timedelta())
    played(cast.ada, cast.bernoulli, (20, 50), (20, 50), (20, 50))
    for _ in range(3):
        with CaptureQueriesContext(connection) as asked:
            attention.for_viewer(cast.grace)
        spans = [query for query in asked.captured_queries if "watchedspan" in query["sql"]]
        assert len(spans) == (_ == 0)


def test_a_quiz_failed_twice_is_told_and_passed_or_withdrawn_it_is_not(cast: Cast, quiz: LessonQuiz) -> None:
    first, second = failed(cast.ada, quiz, 10, 40.9)
    failed(cast.bob, quiz, 10)
    [found] = attention.for_viewer(cast.grace)
    assert found.sentence == "The quiz was failed 2 times; the newest score is 40%, and 70% are needed."
    assert (found.since, parse_id(found.id).episode) == (second.submitted_at, 2)
    first.withdrawn_at = timezone.now()
    first.save()
    assert seen(cast.grace) == []
    failed(cast.ada, quiz, 20, ago=timedelta())
    assert seen(cast.grace) == [("quiz_failed", "Ada Lovelace")]
    failed(cast.ada, quiz, 80, ago=timedelta())
    assert seen(cast.grace) == []


def test_an_old_failure_and_one_of_a_completed_lesson_are_not_told(cast: Cast, quiz: LessonQuiz) -> None:
    failed(cast.ada, quiz, 10, 20, ago=timedelta(days=7, minutes=5))
    failed(cast.bob, quiz, 10, 20)
    assert seen(cast.grace) == [("quiz_failed", "Bob Moog")]
    completed(cast.bob, cast.bernoulli)
    assert seen(cast.grace) == []


def test_who_stopped_in_a_lesson_days_ago_is_gone_unless_seen_elsewhere_in_the_course(cast: Cast) -> None:
    another = Lesson.objects.create(course=cast.algorithms, title="Sorting", slug="sorting", duration=100)
    began(cast.ada, another, ago=DAY * 9)
    began(cast.ada, cast.bernoulli, ago=FOUR_DAYS)
    [found] = attention.for_viewer(cast.grace)
    assert found.sentence == "The lesson stands at 42%, and nothing of the course was opened for 4 days."
    assert found.lesson is not None
    assert found.lesson["slug"] == "bernoulli"
    began(cast.bob, cast.bernoulli, ago=FOUR_DAYS)
    completed(cast.bob, another, ago=DAY)
    assert seen(cast.grace) == [("gone", "Ada Lovelace")]


@pytest.mark.parametrize(("ago", "told"), [(DAY * 2.9, False), (DAY * 3.1, True), (DAY * 59, True), (DAY * 61, False)])
def test_gone_is_read_from_three_days_to_sixty(cast: Cast, ago: timedelta, told: bool) -> None:
    began(cast.ada, cast.bernoulli, ago=ago)
    assert bool(seen(cast.grace)) is told


def test_who_came_back_or_studies_no_more_is_left_out_though_it_is_remembered(cast: Cast) -> None:
    another = Lesson.objects.create(course=cast.algorithms, title="Sorting", slug="sorting", duration=100)
    for person in (cast.ada, cast.bob):
        began(person, cast.bernoulli, ago=FOUR_DAYS)
    assert len(attention.for_viewer(cast.grace)) == 2
    began(cast.ada, another, ago=timedelta())
    assert [each.student["name"] for each in attention.for_viewer(cast.grace)] == ["Bob Moog"]
    cast.bob.enrollments.update(active=False)
    assert attention.for_viewer(cast.grace) == []


def test_a_lesson_that_was_completed_before_leaving_leaves_nobody_in_the_middle(cast: Cast) -> None:
    completed(cast.ada, cast.bernoulli, ago=FOUR_DAYS)
    assert seen(cast.grace) == []


def test_who_is_behind_the_middle_of_the_class_is_told_with_figures_of_now(cast: Cast) -> None:
    people, lessons = add_class(cast.algorithms, students=4, lessons=4)
    for person in people:
        for lesson in lessons:
            completed(person, lesson)
    completed(cast.bob, lessons[0])
    completed(cast.bob, lessons[1])
    assert seen(cast.grace) == [("behind", "Ada Lovelace"), ("behind", "Bob Moog")]
    assert attention.for_viewer(cast.grace)[1].sentence == (
        "2 lessons are completed; at least half of the 6 students have 4 or more."
    )
    completed(cast.bob, lessons[2])
    assert seen(cast.grace) == [("behind", "Ada Lovelace")], "the median is remembered, what he has done is not"
    cast.ada.enrollments.update(enrolled_at=timezone.now() - timedelta(days=6))
    assert seen(cast.grace) == [], "who is new is not behind"


def test_four_students_have_no_middle(cast: Cast) -> None:
    people, lessons = add_class(cast.algorithms, students=2, lessons=4)
    for person in people:
        for lesson in lessons:
            completed(person, lesson)
    assert seen(cast.grace) == []


def everything(cast: Cast, quiz: LessonQuiz) -> None:
    """A reason of each kind in algorithms, and one in botany."""
    people, lessons = add_class(cast.algorithms, students=4, lessons=4)
    for person in people:
        for lesson in lessons:
            completed(person, lesson)
    began(cast.ada, cast.bernoulli, ago=timedelta())
    played(cast.ada, cast.bernoulli, (20, 50), (20, 50), (20, 50))
    failed(cast.ada, quiz, 10, 20)
    began(cast.bob, cast.bernoulli, ago=FOUR_DAYS)
    began(cast.eve, cast.mosses, ago=FOUR_DAYS)


OF_ALGORITHMS = [
    ("stuck", "Ada Lovelace"),
    ("quiz_failed", "Ada Lovelace"),
    ("gone", "Bob Moog"),
    ("behind", "Ada Lovelace"),
    ("behind", "Bob Moog"),
]


def test_everybody_sees_their_own_courses_and_an_administrator_all(cast: Cast, quiz: LessonQuiz) -> None:
    everything(cast, quiz)
    assert seen(cast.grace) == OF_ALGORITHMS
    assert seen(cast.oscar) == [("gone", "Eve Curie")]
    assert sorted(seen(cast.admin)) == sorted([*OF_ALGORITHMS, ("gone", "Eve Curie")])
    for nobody in (cast.ada, cast.eve, cast.olga):
        assert seen(nobody) == []


def test_nobody_stands_on_their_own_list(cast: Cast, quiz: LessonQuiz) -> None:
    everything(cast, quiz)
    cast.algorithms.instructors.add(cast.ada)
    assert seen(cast.ada) == [("gone", "Bob Moog"), ("behind", "Bob Moog")]


def test_who_studies_no_more_is_not_listed(cast: Cast, quiz: LessonQuiz) -> None:
    everything(cast, quiz)
    cast.ada.enrollments.update(active=False)
    replaying.forget()
    assert seen(cast.grace) == [("gone", "Bob Moog"), ("behind", "Bob Moog")]


def test_one_students_reasons_are_those_of_the_viewers_courses(cast: Cast, quiz: LessonQuiz) -> None:
    everything(cast, quiz)
    of_ada = [each.kind for each in attention.for_student(cast.grace, cast.ada)]
    assert of_ada == ["stuck", "quiz_failed", "behind"]
    assert attention.for_student(cast.oscar, cast.ada) == []
    assert attention.for_student(cast.ada, cast.ada) == []


def answered(viewer: User, found: Reason, **until: Any) -> None:
    answers.dismiss(viewer, parse_id(found.id), **until)


def test_what_is_dismissed_is_gone_for_all_who_teach_the_course(cast: Cast, quiz: LessonQuiz) -> None:
    everything(cast, quiz)
    for number, found in enumerate(attention.for_viewer(cast.grace), start=1):
        answered(cast.grace, found)
        assert seen(cast.grace) == OF_ALGORITHMS[number:]
    assert seen(cast.admin) == [("gone", "Eve Curie")]


def test_a_snooze_that_ends_comes_back(cast: Cast, quiz: LessonQuiz) -> None:
    everything(cast, quiz)
    for found in attention.for_viewer(cast.grace):
        answered(cast.grace, found, until=timezone.now() + timedelta(hours=1))
    assert seen(cast.grace) == []
    cast.grace.attention_dismissals_made.update(until=timezone.now())
    assert seen(cast.grace) == OF_ALGORITHMS


def test_a_dismissed_reason_comes_back_when_more_happens(cast: Cast, quiz: LessonQuiz) -> None:
    failed(cast.ada, quiz, 10, 20)
    row = began(cast.bob, cast.bernoulli, ago=FOUR_DAYS)
    for found in attention.for_viewer(cast.grace):
        answered(cast.grace, found)
    assert seen(cast.grace) == []
    failed(cast.ada, quiz, 30, ago=timedelta())
    assert seen(cast.grace) == [("quiz_failed", "Ada Lovelace")]
    UserProgress.objects.filter(pk=row.pk).update(last_accessed=timezone.now() - timedelta(days=3, hours=1))
    assert seen(cast.grace) == [("quiz_failed", "Ada Lovelace"), ("gone", "Bob Moog")]


def test_a_hundred_are_listed_and_those_that_were_dismissed_make_room(cast: Cast) -> None:
    people, _ = add_class(cast.algorithms, students=103, lessons=0)
    for number, person in enumerate(people):
        began(person, cast.bernoulli, ago=FOUR_DAYS + timedelta(hours=number))
    first = attention.for_viewer(cast.grace)
    assert len(first) == scope.MOST
    for found in first[:3]:
        answered(cast.grace, found)
    assert {each.student["name"] for each in attention.for_viewer(cast.grace)} >= {"Pupil 102"}


def test_queries_are_as_many_for_a_hundred_as_for_one(cast: Cast, quiz: LessonQuiz) -> None:
    people, _ = add_class(cast.algorithms, students=100, lessons=0)
    began(people[0], cast.bernoulli, ago=FOUR_DAYS)
    counts = []
    for some in ([], people[1:]):
        for person in some:
            began(person, cast.bernoulli, ago=FOUR_DAYS)
        forget()
        with CaptureQueriesContext(connection) as asked:
            attention.for_viewer(User.objects.get(pk=cast.grace.pk))
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 13


def test_who_sits_idle_in_the_middle_is_told_and_who_plays_or_has_left_is_not(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = timezone.now() - timedelta(minutes=6)
    seats = [
        Seat(person.pk, lesson.course_id, lesson.pk, state, since, 50.0, percentage, "0" * 12)
        for person, lesson, state, percentage in (
            (cast.ada, cast.bernoulli, "idle", 42.9),
            (cast.bob, cast.bernoulli, "playing", 42.0),
            (cast.eve, cast.mosses, "idle", 42.0),
            (cast.olga, cast.bernoulli, "idle", 42.0),
        )
    ]

    def in_courses(courses: Any) -> list[Seat]:
        return [seat for seat in seats if seat.course_id in courses]

    monkeypatch.setattr(presence, "seats_from_thread", in_courses)
    [found] = attention.for_viewer(cast.grace)
    assert (found.kind, found.student["name"]) == ("idle", "Ada Lovelace")
    assert found.sentence == "The lesson is open at 42% and nothing has moved for 6 minutes."
    answered(cast.grace, found)
    assert seen(cast.grace) == []
    assert seen(cast.admin) == [("idle", "Eve Curie")]
    Lesson.objects.filter(pk=cast.mosses.pk).update(completion_threshold=42)
    assert seen(cast.admin) == []
    monkeypatch.setattr(presence, "seats_from_thread", lambda _courses: None)
    assert seen(cast.admin) == [], "where Redis is away nobody knows"
