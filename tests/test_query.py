"""The aggregated query: right for everybody, in few queries, along indexes at any size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from feed import cursor
from feed.entries import key
from feed.query import get_student_activity_feed
from progress.models import Certification, Course, Enrollment, Exam, ExamAttempt, Lesson, User, UserProgress
from progress.querysets import is_administrator
from tests.cast import Cast

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def watched(user: User, lesson: Lesson, at: datetime, *, completed: bool = False) -> UserProgress:
    done = {"completed": True, "status": "completed", "completed_at": at, "completed_percentage": 92.567}
    return UserProgress.objects.create(
        user=user,
        lesson=lesson,
        course_id=lesson.course_id,
        video_watch_percentage=92.567,
        budget_at=at,
        announced_at=at,
        announced_percentage=92.567,
        announced_claimed=False,
        announced_status="completed" if completed else "in_progress",
        **({**done, "completed_claimed": False} if completed else {"status": "in_progress"}),
    )


def attempted(user: User, exam: Exam, at: datetime, *, number: int = 1) -> ExamAttempt:
    return ExamAttempt.objects.create(
        user=user,
        exam=exam,
        course=exam.course,
        attempt_number=number,
        started_at=at,
        submitted_at=at,
        score=79.999,
        passed=False,
    )


@pytest.fixture
def exam(cast: Cast) -> Exam:
    return Exam.objects.create(course=cast.algorithms, title="Algorithms, the exam")


def ids(*args: Any, **kwargs: Any) -> list[str]:
    return [entry["id"] for entry in get_student_activity_feed(*args, **kwargs)]


def test_all_four_sources_are_merged_newest_first_with_the_contracts_shape(cast: Cast, exam: Exam) -> None:
    row = watched(cast.ada, cast.bernoulli, NOON, completed=True)
    attempt = attempted(cast.ada, exam, NOON + timedelta(seconds=1))
    certificate = Certification.objects.create(
        user=cast.ada,
        course=cast.algorithms,
        certificate_id=uuid4(),
        due_at=NOON,
        issued_at=NOON + timedelta(seconds=2),
    )
    person = {"id": cast.ada.pk, "name": "Ada Lovelace"}
    course = {"id": cast.algorithms.pk, "slug": "algorithms", "title": "Algorithms"}
    lesson = {"id": cast.bernoulli.pk, "slug": "bernoulli", "title": "Bernoulli numbers"}
    assert get_student_activity_feed(viewer=cast.admin) == [
        {
            "id": f"certification_issued:{certificate.pk}",
            "type": "certification_issued",
            "timestamp": "2026-11-22T12:00:02.000000Z",
            "user": person,
            "course": course,
            "lesson": None,
            "data": {"certificate_id": str(certificate.certificate_id)},
        },
        {
            "id": f"exam_attempt:{attempt.pk}",
            "type": "exam_attempt",
            "timestamp": "2026-11-22T12:00:01.000000Z",
            "user": person,
            "course": course,
            "lesson": None,
            "data": {"score": 79.99, "passed": False, "attempt_number": 1},
        },
        {
            "id": f"progress_update:{row.pk}",
            "type": "progress_update",
            "timestamp": "2026-11-22T12:00:00.000000Z",
            "user": person,
            "course": course,
            "lesson": lesson,
            "data": {"watch_percentage": 92.56, "status": "completed"},
        },
        {
            "id": f"lesson_completed:{row.pk}",
            "type": "lesson_completed",
            "timestamp": "2026-11-22T12:00:00.000000Z",
            "user": person,
            "course": course,
            "lesson": lesson,
            "data": {"watch_percentage": 92.56},
        },
    ]


def test_each_viewer_sees_what_the_scope_admits_and_no_more(cast: Cast) -> None:
    adas = watched(cast.ada, cast.bernoulli, NOON)
    bobs = watched(cast.bob, cast.bernoulli, NOON)
    eves = watched(cast.eve, cast.mosses, NOON)
    seen = {
        name: {int(id.split(":")[1]) for id in ids(viewer=getattr(cast, name))}
        for name in ("admin", "grace", "oscar", "ada", "eve", "olga")
    }
    assert seen == {
        "admin": {adas.pk, bobs.pk, eves.pk},
        "grace": {adas.pk, bobs.pk},
        "oscar": {eves.pk},
        "ada": {adas.pk},
        "eve": {eves.pk},
        "olga": set(),
    }
    Enrollment.objects.update(active=False)
    assert len(ids(viewer=cast.ada)) == 1  # own entries of ended enrolments stay
    cast.grace.is_active = False
    assert ids(viewer=cast.grace) == []


def test_filters_apply_before_the_limit_in_every_source(cast: Cast, exam: Exam) -> None:
    for minute in range(60):
        attempted(cast.bob, exam, NOON + timedelta(minutes=minute), number=minute + 1)
    quiet = watched(cast.eve, cast.mosses, NOON - timedelta(days=300), completed=True)
    expected = [f"progress_update:{quiet.pk}", f"lesson_completed:{quiet.pk}"]
    assert ids(5, viewer=cast.admin, course=cast.botany.pk) == expected
    assert ids(5, viewer=cast.admin, student=[cast.eve.pk]) == expected
    assert ids(5, viewer=cast.admin, q="moss") == expected
    assert ids(5, viewer=cast.admin, q="eve BOT") == expected
    assert ids(5, viewer=cast.admin, type="lesson_completed") == expected[1:]
    assert ids(5, viewer=cast.admin, until=NOON) == expected
    assert ids(5, viewer=cast.admin, q="eve", type=["exam_attempt"]) == []
    with pytest.raises(TypeError):
        get_student_activity_feed(viewer=cast.admin, colour="green")


def test_a_search_is_text_and_no_pattern(cast: Cast) -> None:
    watched(cast.ada, cast.bernoulli, NOON)
    for q in ("100%", "___", "a%a", "\\\\\\", "' OR 1=1"):
        assert ids(viewer=cast.admin, q=q) == []


def test_pages_by_cursor_give_every_entry_once_though_timestamps_tie(cast: Cast, exam: Exam) -> None:
    for number in range(7):
        attempted(cast.bob, exam, NOON, number=number + 1)
        Certification.objects.create(
            user=User.objects.create(username=f"u{number}"),
            course=cast.algorithms,
            certificate_id=uuid4(),
            due_at=NOON,
            issued_at=NOON,
        )
        lesson = Lesson.objects.create(course=cast.botany, title=f"L{number}", slug=f"l{number}", duration=9)
        watched(cast.eve, lesson, NOON, completed=True)
    whole = get_student_activity_feed(200, viewer=cast.admin)
    assert whole == sorted(whole, key=key, reverse=True)
    paged: list[str] = []
    before = None
    while page := get_student_activity_feed(3, viewer=cast.admin, before=before):
        paged += [entry["id"] for entry in page]
        before = cursor.after(page[-1])
    assert paged == [entry["id"] for entry in whole]
    assert len(paged) == 28


def fill(rows: int) -> None:
    """Make `rows` progress rows: 1,120 students, 100 lessons of ten courses; the last course is quiet and old."""
    with connection.cursor() as sql:
        sql.execute(
            """
            INSERT INTO progress_user (username, password, first_name, last_name, email, is_staff, is_active,
                is_superuser, date_joined, language, time_zone, theme, search_text)
            SELECT 'crowd' || n, '', 'Crowd', 'Number' || n, '', false, true, false, now(), 'en', 'UTC', 'system',
                'crowd number' || n FROM generate_series(1, 1120) n;
            INSERT INTO progress_course (title, slug, search_text)
            SELECT 'Course ' || n, 'course' || n, 'course ' || n FROM generate_series(1, 10) n;
            INSERT INTO progress_lesson (course_id, title, slug, "order", video, captions, duration,
                completion_threshold, search_text)
            SELECT c.id, 'Topic ' || n || ' of ' || c.title, 'topic' || n, n, '', '', 60, 90,
                'topic ' || n || ' of ' || c.search_text
            FROM progress_course c, generate_series(1, 10) n WHERE c.slug LIKE 'course%%';
            """
        )
        sql.execute(
            """
            INSERT INTO progress_userprogress (user_id, lesson_id, course_id, status, completed, started_at,
                completed_at, video_watch_percentage, last_watched_timestamp, video_completion_threshold,
                last_accessed, progress_percentage, segments, unpaid_segments, suspicious, claimed_percentage,
                budget_seconds, budget_at, players, completed_percentage, completed_claimed, announced_at,
                announced_percentage, announced_claimed, announced_status)
            SELECT u.id, l.id, l.course_id, 'completed', true, t.at, t.at, 92, 50, 90, t.at, 100, '[[0, 55]]', '[]',
                '', 0, 3, t.at, '[]', 92, false, t.at, 92, false, 'completed'
            FROM (SELECT id, row_number() OVER (ORDER BY id) AS place
                  FROM progress_user WHERE username LIKE 'crowd%%') u,
                 (SELECT l.id, course_id, c.slug, row_number() OVER (ORDER BY l.id) AS place
                  FROM progress_lesson l JOIN progress_course c ON c.id = course_id WHERE l.slug LIKE 'topic%%') l,
                 LATERAL (SELECT timestamptz '2026-11-01'
                              - CASE WHEN l.slug = 'course10' THEN interval '400 days' ELSE interval '0 days' END
                              + ((u.place * 7919 + l.place * 104729) %% 1000000) * interval '1 second' AS at) t
            WHERE l.slug <> 'course10' OR u.place <= 5
            LIMIT %s
            """,
            [rows],
        )
        sql.execute("ANALYZE progress_userprogress, progress_user, progress_course, progress_lesson")


@pytest.fixture
def crowd(cast: Cast) -> int:
    fill(1_000_000)
    return UserProgress.objects.count()


SINGLE_FILTERS: dict[str, dict[str, Any]] = {
    "none": {},
    "type": {"type": "lesson_completed"},
    "busy course": {"course": "course1"},
    "quiet course": {"course": "course10"},
    "student": {"student": "crowd500"},
    "since": {"since": "2026-11-01T00:00:00Z"},
    "until": {"until": "2026-11-02T00:00:00Z"},
    "text of one student": {"q": "number777"},
    "text of a quiet course": {"q": "course 10"},
    "text of everybody": {"q": "crowd"},
    "text of nobody": {"q": "zzz"},
    "short text": {"q": "top"},
}


def resolved(filters: dict[str, Any]) -> dict[str, Any]:
    names = {
        "course": Course.objects.filter(slug=filters.get("course")),
        "student": User.objects.filter(username=filters.get("student")),
    }
    return {name: (names[name].get().pk if name in names else value) for name, value in filters.items()}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


def test_queries_are_four_at_ten_rows_and_at_ten_thousand(cast: Cast) -> None:
    counts = []
    for rows in (10, 10_000):
        UserProgress.objects.all().delete()
        User.objects.filter(username__startswith="crowd").delete()
        Course.objects.filter(slug__startswith="course").delete()
        fill(rows)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(get_student_activity_feed(limit=50, viewer=cast.admin)) == min(rows * 2, 50)
        counts.append(len(queries))
    assert counts == [4, 4]


def test_no_single_filter_reads_all_progress_at_a_hundred_thousand_rows(crowd: int, cast: Cast) -> None:
    assert crowd >= 100_000
    quiet = User.objects.create(username="quiet teacher")
    quiet.courses_taught.add(Course.objects.get(slug="course10"))
    for viewer in (cast.admin, quiet, User.objects.get(username="crowd3")):
        is_administrator(viewer)  # permissions are read once a person, and kept
        for name, filters in SINGLE_FILTERS.items():
            wanted = resolved(filters)
            with CaptureQueriesContext(connection) as queries:
                get_student_activity_feed(limit=50, viewer=viewer, **wanted)
            assert len(queries) <= (5 if "q" in wanted else 4)  # one of each source, and what the text finds
            for query in queries.captured_queries:
                with connection.cursor() as sql:
                    sql.execute("EXPLAIN (FORMAT JSON) " + query["sql"].replace("%", "%%"))
                    found = sql.fetchone()[0]
                plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
                read = {(node["Node Type"], node.get("Relation Name")) for node in nodes(plan)}
                assert ("Seq Scan", "progress_userprogress") not in read, (name, viewer, query["sql"], read)
