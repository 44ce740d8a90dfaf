"""What the list costs at a hundred thousand progress rows, and what its columns cost the ticks: nothing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from feed import attention
from progress.models import Course, User, UserProgress
from tests.attention.facts import began, forget
from tests.cast import Cast
from tests.test_query import fill, nodes

ROWS = 100_000
READ_WHOLE = {"progress_userprogress", "progress_quizattempt", "progress_watchedspan"}

# By chance, and the same chance each time: keys follow each other in an order that is the planner's.
UNDER_WAY = """
UPDATE progress_userprogress SET status = 'in_progress', completed = false, completed_at = NULL,
    completed_percentage = NULL, completed_claimed = NULL, video_watch_percentage = 42,
    last_accessed = now() - abs(hashint8(id)::bigint %% 90) * interval '1 day' - interval '1 minute'
WHERE hashint8(id + 1) %% 3 = 0;
INSERT INTO progress_enrollment (user_id, course_id, active, enrolled_at)
SELECT DISTINCT user_id, course_id, true, now() - interval '90 days' FROM progress_userprogress ON CONFLICT DO NOTHING;
INSERT INTO progress_lessonquiz (lesson_id, title, pass_mark, required)
SELECT id, 'Quiz', 70, false FROM progress_lesson WHERE slug LIKE 'topic%%';
INSERT INTO progress_quizattempt (user_id, quiz_id, course_id, attempt_number, submitted_at, score, passed, answers)
SELECT p.user_id, q.id, p.course_id, n, now() - place * interval '1 day' - (3 - n) * interval '1 minute', 30,
    n = 2 AND place %% 2 = 0, '{}'
FROM progress_userprogress p JOIN progress_lessonquiz q ON q.lesson_id = p.lesson_id, generate_series(1, 2) n,
    abs(hashint8(p.id + 2)::bigint %% 40) place
WHERE hashint8(p.id + 3) %% 5 = 0;
INSERT INTO progress_watchedspan (user_id, lesson_id, from_second, to_second, at)
SELECT p.user_id, p.lesson_id, n * 5, n * 5 + 5, now() - n * interval '1 minute'
FROM progress_userprogress p, generate_series(1, 12) n WHERE hashint8(p.id + 4) %% 30 = 0;
ANALYZE progress_userprogress, progress_enrollment, progress_quizattempt, progress_watchedspan
"""


@pytest.fixture
def crowd(cast: Cast) -> Iterator[None]:
    """A hundred thousand rows, a third of them under way, last opened within ninety days; quizzes; spans."""
    fill(ROWS)
    with connection.cursor() as sql:
        sql.execute(UNDER_WAY, [])
    forget()
    yield
    forget()


@pytest.mark.django_db
def test_no_part_of_the_list_reads_a_whole_table_of_records(crowd: None, cast: Cast) -> None:
    assert UserProgress.objects.filter(status="in_progress").count() > ROWS / 4
    teacher = User.objects.create(username="teacher")
    teacher.courses_taught.set(Course.objects.filter(slug__in=("course1", "course10")))
    for viewer in (teacher, cast.admin):
        forget()
        attention.for_viewer(viewer)  # permissions are read once a person, and kept
        begun = time.perf_counter()
        attention.for_viewer(viewer)
        remembered = time.perf_counter() - begun
        forget()
        begun = time.perf_counter()
        with CaptureQueriesContext(connection) as asked:
            found = attention.for_viewer(viewer)
        anew = time.perf_counter() - begun
        assert {"quiz_failed", "gone"} <= {each.kind for each in found}
        for query in asked.captured_queries:
            if query["sql"].startswith(("SAVEPOINT", "RELEASE")):
                continue
            with connection.cursor() as sql:
                sql.execute("EXPLAIN (FORMAT JSON) " + query["sql"].replace("%", "%%"))
                said = sql.fetchone()[0]
            plan = (json.loads(said) if isinstance(said, str) else said)[0]["Plan"]
            whole = {node.get("Relation Name") for node in nodes(plan) if node["Node Type"] == "Seq Scan"}
            assert not whole & READ_WHOLE, query["sql"]
        sys.stdout.write(
            f"\n{viewer.username}: {len(asked)} queries, {anew * 1000:.0f} ms, remembered {remembered * 1000:.0f} ms\n"
        )


def updates() -> tuple[int, int]:
    """Updates of progress rows in this transaction, and those among them that touched no index."""
    with connection.cursor() as sql:
        sql.execute(
            "SELECT pg_stat_get_xact_tuples_updated(oid), pg_stat_get_xact_tuples_hot_updated(oid) FROM pg_class"
            " WHERE relname = 'progress_userprogress'"
        )
        updated, hot = sql.fetchone()
        return updated, hot


@pytest.mark.django_db
def test_ticks_are_hot_but_for_the_first_of_a_day(cast: Cast) -> None:
    noon = datetime(2026, 11, 25, 12, tzinfo=UTC)
    with connection.cursor() as sql:
        # On a page with room: where rows of other tests have filled it, the new version of a row lies on another one.
        sql.execute("TRUNCATE progress_userprogress")
    row = began(cast.ada, cast.bernoulli, ago=timedelta())
    UserProgress.objects.filter(pk=row.pk).update(last_accessed=noon)
    before = updates()
    for seconds in range(1, 6):
        moved = {"video_watch_percentage": 42 + seconds, "last_watched_timestamp": seconds, "segments": [[0, seconds]]}
        UserProgress.objects.filter(pk=row.pk).update(last_accessed=noon + timedelta(seconds=seconds), **moved)
    assert updates() == (before[0] + 5, before[1] + 5)
    UserProgress.objects.filter(pk=row.pk).update(last_accessed=noon + timedelta(days=1))
    assert updates() == (before[0] + 6, before[1] + 5)
    row.refresh_from_db()
    assert row.accessed_on == (noon + timedelta(days=1)).date()
