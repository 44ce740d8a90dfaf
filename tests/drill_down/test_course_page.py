"""A course's page has the numbers that a naive recount finds, and says where nobody is."""

from __future__ import annotations

import html
import re
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from feed.drill_down import figures, watching
from feed.drill_down.retention import count_of_parts
from progress.models import (
    Certification,
    Disclosure,
    Enrollment,
    ExamAttempt,
    Lesson,
    User,
    UserProgress,
    WatchedSpan,
)
from tests.cast import Cast
from tests.drill_down import school
from tests.drill_down.school import School, row

pytestmark = pytest.mark.django_db(transaction=True)


def page(viewer: User, query: str = "", *, course: str = "algorithms", status: int = 200) -> str:
    """What a viewer reads on a course's page, as one line of text."""
    client = Client()
    client.force_login(viewer)
    answer = client.get(f"/dashboard/courses/{course}/{query}")
    assert answer.status_code == status
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def people(made: School, *, active: bool | None = None) -> set[int]:
    """Who is or was enrolled."""
    enrolled = Enrollment.objects.filter(course=made.course)
    return {each.user_id for each in enrolled if active is None or each.active == active}


def begun(made: School) -> list[UserProgress]:
    """Rows of lessons that were begun, of people who are or were enrolled."""
    everybody, lessons = people(made), {each.pk for each in Lesson.objects.filter(duration__gt=0)}
    return [
        each
        for each in UserProgress.objects.filter(course=made.course)
        if each.status != "not_started" and each.user_id in everybody and each.lesson_id in lessons
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_figures_are_those_of_a_naive_recount(cast: Cast, seed: int) -> None:
    made = school.make(cast.algorithms, seed=seed)
    school.make(cast.botany, seed=seed + 10)
    # A record of somebody who was never enrolled is no part of it.
    UserProgress.objects.bulk_create([row(cast.eve, made.lessons[0], [(0, 5)], completed=True)])
    found, rows, everybody = figures.of(cast.algorithms), begun(made), people(made)
    lessons = list(Lesson.objects.filter(course=cast.algorithms, duration__gt=0))
    completed = Counter(each.user_id for each in rows if each.completed)
    attempts = ExamAttempt.objects.filter(course=cast.algorithms, submitted_at__isnull=False, withdrawn_at=None)
    valid = Certification.objects.filter(course=cast.algorithms, issued_at__isnull=False, withdrawn_at=None)
    assert found.enrolled == len(everybody)
    assert found.active == len(people(made, active=True))
    assert found.started == len({each.user_id for each in rows})
    assert found.completed == sum(count == len(lessons) for count in completed.values())
    assert found.exam_taken == len({each.user_id for each in attempts} & everybody)
    assert found.exam_passed == len({each.user_id for each in attempts if each.passed} & everybody)
    assert found.certified == len({each.user_id for each in valid} & everybody)
    assert [each.lesson for each in found.lessons] == lessons
    for each in found.lessons:
        of = [row for row in rows if row.lesson_id == each.lesson.pk]
        assert each.started == len(of)
        assert each.half == sum(row.video_watch_percentage >= 50 for row in of)
        assert each.completed == sum(row.completed for row in of)
    assert found.started > found.completed
    assert found.exam_taken > found.exam_passed > 0


@pytest.mark.parametrize("seed", [1, 2])
def test_each_student_stands_at_the_last_lesson_begun_and_not_completed(cast: Cast, seed: int) -> None:
    made = school.make(cast.algorithms, seed=seed)
    order = {lesson.pk: place for place, lesson in enumerate(Lesson.objects.filter(course=cast.algorithms))}
    active, standing = people(made, active=True), {}
    for each in sorted(begun(made), key=lambda each: order[each.lesson_id]):
        if each.user_id in active and not each.completed:
            standing[each.user_id] = each
    for each in figures.of(cast.algorithms).lessons:
        there = [row for row in standing.values() if row.lesson_id == each.lesson.pk]
        there.sort(key=lambda row: (row.last_accessed, -row.user_id), reverse=True)
        assert each.standing == len(there)
        named = [(one.student.pk, one.percentage, one.last_active) for one in each.named]
        assert named == [(row.user_id, row.video_watch_percentage, row.last_accessed) for row in there[:5]]
        assert each.unnamed == max(0, len(there) - 5)
        assert all(one.student.name.startswith("Student ") for one in each.named)


def overlap(stretches: list[Any], begin: float, to: float) -> float:
    """The seconds of these stretches between two places."""
    return sum(max(0.0, min(end, to) - max(start, begin)) for start, end in stretches)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_how_a_lesson_is_watched_is_what_a_naive_recount_finds(cast: Cast, seed: int) -> None:
    made = school.make(cast.algorithms, seed=seed)
    for lesson in made.lessons:
        found = watching.of(lesson)
        rows = [each for each in UserProgress.objects.filter(lesson=lesson) if each.segments]
        claims = UserProgress.objects.filter(lesson=lesson, claimed_percentage__gt=0)
        spans = [(each.from_second, each.to_second) for each in WatchedSpan.objects.filter(lesson=lesson)]
        parts = count_of_parts(lesson.duration)
        edges = list(pairwise(index * lesson.duration / parts for index in range(parts + 1)))
        assert (found.students, found.claiming, found.players) == (len(rows), claims.count(), len(rows))
        assert len(found.parts) == parts
        for part, (begin, to) in zip(found.parts, edges, strict=True):
            watched = sum(overlap(each.segments, begin, to) for each in rows)
            assert part.share == pytest.approx(watched / (to - begin) / len(rows), abs=1e-6)
            assert part.plays == pytest.approx(overlap(spans, begin, to) / (to - begin) / len(rows), abs=1e-6)
            stopped = [each.segments[-1][1] for each in rows if not each.completed]
            assert part.stopped == sum(begin < at <= to for at in stopped)
        assert found.uncompleted == sum(not each.completed for each in rows)


def test_what_was_played_beyond_a_film_that_became_shorter_breaks_nothing(cast: Cast) -> None:
    UserProgress.objects.bulk_create([row(cast.ada, cast.bernoulli, [(0, 50), (80, 100)])])
    Lesson.objects.filter(pk=cast.bernoulli.pk).update(duration=60)
    found = watching.of(Lesson.objects.get(pk=cast.bernoulli.pk))
    assert [round(part.share, 6) for part in found.parts] == [1.0] * 50 + [0.0] * 10
    assert [part.stopped for part in found.parts] == [0] * 59 + [1]


def test_plays_of_a_large_course_are_those_of_who_watched_last(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    made = school.make(cast.algorithms, lessons=1)
    monkeypatch.setattr(watching, "MOST_PLAYERS", 5)
    lesson = made.lessons[0]
    found = watching.of(lesson)
    rows = [each for each in UserProgress.objects.filter(lesson=lesson).order_by("-last_accessed") if each.segments]
    last = {each.user_id for each in rows[:5]}
    assert (found.players, found.students) == (5, len(rows))
    spans = WatchedSpan.objects.filter(lesson=lesson, user__in=last)
    played = sum(each.to_second - each.from_second for each in spans)
    length = lesson.duration / len(found.parts)
    assert sum(part.plays for part in found.parts) * length * 5 == pytest.approx(played, abs=1e-6)
    assert "Plays are counted for the 5 students who watched last." in page(cast.grace, f"?lesson={lesson.slug}")


def test_the_page_says_where_most_leave_and_what_is_played_most_often(cast: Cast) -> None:
    Lesson.objects.filter(pk=cast.bernoulli.pk).update(duration=60)
    lesson = Lesson.objects.get(pk=cast.bernoulli.pk)
    watched = {cast.ada: [(0, 20), (40, 41)], cast.bob: [(0, 19.5), (40, 40.5)]}
    UserProgress.objects.bulk_create(row(person, lesson, parts) for person, parts in watched.items())
    WatchedSpan.objects.bulk_create(
        WatchedSpan(user=person, lesson=lesson, from_second=start, to_second=end, at=timezone.now())
        for person in (cast.ada, cast.bob)
        for start, end in ((0, 19), (5, 6), (5, 6))[: 3 if person == cast.ada else 2]
    )
    text = page(cast.grace)
    assert "2 students have watched some of it." in text
    assert "The beginning was watched by 100% of them, the middle by 0%, the end by 0%." in text
    assert "Most leave it between 0:40 and 0:41: 2 of 2 who have not completed it stopped there." in text
    assert "Played most often is the part from 0:05 to 0:06: 2.5 times on average." in text
    assert "Plays are counted for" not in text
    assert "Plays are kept for 24 months." in text
    assert "0:19 to 0:20 75% 0.00 0" in text
    UserProgress.objects.filter(user=cast.bob).delete()
    assert "Most leave it between 0:40 and 0:41: 1 of 1 who has not completed it stopped there." in page(cast.grace)
    completed = {"status": "completed", "completed": True, "completed_at": timezone.now(), "completed_percentage": 95}
    UserProgress.objects.update(**completed)
    assert "All of them have completed it." in page(cast.grace)


def test_a_lesson_is_chosen_by_its_address_and_one_that_is_not_there_is_not(cast: Cast) -> None:
    made = school.make(cast.algorithms)
    for lesson in made.lessons:
        shown = page(cast.grace, f"?lesson={lesson.slug}").split("How a lesson is watched ")[1]
        assert shown.startswith(lesson.title)
    page(cast.grace, "?lesson=not-ready", status=404)
    page(cast.grace, "?lesson=mosses", status=404)
    furthest = figures.of(cast.algorithms).furthest
    assert furthest
    assert page(cast.grace).split("How a lesson is watched ")[1].startswith(furthest.lesson.title)


def test_many_who_stand_at_a_lesson_are_counted_and_the_list_leads_on(cast: Cast) -> None:
    students = User.objects.bulk_create(User(username=f"crowd{number}") for number in range(28))
    Enrollment.objects.bulk_create(Enrollment(user=each, course=cast.algorithms) for each in students)
    UserProgress.objects.bulk_create(row(each, cast.bernoulli, [(0, 30)]) for each in students)
    text = page(cast.grace)
    assert "28 students are here" in text
    assert "and 23 more" in text
    client = Client()
    client.force_login(cast.grace)
    body = client.get("/dashboard/courses/algorithms/").content.decode()
    assert len(re.findall(r'href="/dashboard/students/\d+/"', body)) == 5
    assert f'href="/dashboard/students/?course={cast.algorithms.pk}"' in body
    assert not Disclosure.objects.exists()  # a course of people is what instructors work with


def test_empty_courses_say_what_is_missing(cast: Cast) -> None:
    assert "Nobody has watched anything of this lesson yet." in page(cast.grace)
    assert "Nobody is in the middle of a lesson." in page(cast.grace)
    claimed = row(cast.ada, cast.bernoulli, video_watch_percentage=60, claimed_percentage=60)
    UserProgress.objects.bulk_create([claimed])
    assert "Not counted here is 1 student whose player does not say" in page(cast.grace)
    UserProgress.objects.all().delete()
    Lesson.objects.filter(course=cast.algorithms).update(duration=0)
    assert "This course has no lesson that can be watched yet." in page(cast.grace)
    Enrollment.objects.filter(course=cast.algorithms).delete()
    assert "Nobody has been enrolled in this course yet." in page(cast.grace)


def test_a_page_asks_as_often_for_many_students_and_lessons_as_for_one(cast: Cast) -> None:
    def queries() -> int:
        client = Client()
        client.force_login(cast.grace)
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/dashboard/courses/algorithms/").status_code == 200
        return len(asked)

    UserProgress.objects.bulk_create([row(cast.ada, cast.bernoulli, [(0, 30)])])
    few = queries()
    school.make(cast.algorithms, lessons=8, students=60)
    assert queries() == few
    assert few <= 18


def test_the_dashboard_leads_to_the_page_of_each_course(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.grace)
    assert 'href="/dashboard/courses/algorithms/"' in client.get("/dashboard/").content.decode()
