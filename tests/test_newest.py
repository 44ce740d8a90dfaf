"""The newest of many scopes: the same rows as a plain filter gives, and few rows read, however quiet a scope is."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from feed import reach
from feed.filters import parse_filters
from feed.query import get_student_activity_feed
from progress.models import Course, Enrollment, Exam, Lesson, User
from progress.querysets import is_administrator
from tests.cast import Cast
from tests.test_query import NOON, attempted, fill, nodes, watched

WORDS = ("", "ada", "algorithms", "part 1", "of algorithms bob", "botany eve", "zzz")


@pytest.fixture
def years(cast: Cast) -> Cast:
    """What everybody did, of all types, moments tied and untied; grace also studies what oscar teaches."""
    Enrollment.objects.create(user=cast.grace, course=cast.botany)
    exams = {course: Exam.objects.create(course=course, title="Exam") for course in (cast.algorithms, cast.botany)}
    for number in range(4):
        for course, people in ((cast.algorithms, (cast.ada, cast.bob)), (cast.botany, (cast.eve, cast.grace))):
            title = f"Part {number} of {course.title}"
            lesson = Lesson.objects.create(course=course, title=title, slug=f"part-{number}", duration=9)
            for place, person in enumerate(people):
                at = NOON + timedelta(minutes=(number * 7 + place * 3) % 5)
                watched(person, lesson, at, completed=number % 2 == 0)
                attempted(person, exams[course], at, number=number + 1)
    return cast


@pytest.mark.parametrize(
    ("viewer", "few"),
    [("admin", 1), ("admin", 100), ("grace", 1), ("grace", 100), ("oscar", 1), ("ada", 100), ("olga", 100)],
)
def test_every_filter_gives_each_viewer_what_it_means_for_live_entries(
    years: Cast, viewer: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "FEW", few)
    person = getattr(years, viewer)
    taught = {course.pk for course in Course.objects.taught_by(person)}
    everything = get_student_activity_feed(500, viewer=years.admin)
    seen = [each for each in everything if each["course"]["id"] in taught or each["user"]["id"] == person.pk]
    courses, students = (years.algorithms.pk, years.botany.pk), (years.ada.pk, years.eve.pk, years.grace.pk)
    for q in WORDS:
        for course, student in ([], []), (courses[:1], []), (courses, students[:1]), ([], students):
            wanted = {"q": q, "course": course, "student": student}
            filters = parse_filters(wanted)
            expected = [entry for entry in seen if filters.match(entry)]
            assert get_student_activity_feed(3, viewer=person, filters=filters) == expected[:3], wanted
    assert bool(seen) == (viewer != "olga")


def plan_of(sql: str) -> dict[str, Any]:
    """What PostgreSQL did for a statement."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + sql.replace("%", "%%"))
        found = cursor.fetchone()[0]
    plan: dict[str, Any] = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    return plan


def rows_read(sql: str) -> int:
    """How many progress rows, or places of its indexes, a statement looks at."""
    return sum(
        int(node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)))
        for node in nodes(plan_of(sql))
        if node.get("Relation Name") == "progress_userprogress" and node["Node Type"] != "Bitmap Heap Scan"
    )


def test_a_page_of_quiet_courses_a_quiet_search_and_a_students_own_read_few_rows_of_a_hundred_thousand(
    cast: Cast,
) -> None:
    fill(1_000_000)
    Course.objects.filter(slug="course10").update(search_text="abacus")
    quiet = User.objects.create(username="quiet teacher")
    quiet.courses_taught.set([cast.botany, Course.objects.get(slug="course10")])
    busy = User.objects.create(username="busy teacher")
    busy.courses_taught.set(Course.objects.exclude(slug="course10"))
    asked: list[tuple[User, dict[str, Any]]] = [
        (quiet, {}),
        (busy, {}),
        (User.objects.get(username="crowd3"), {}),
        (cast.admin, {"q": "abacus"}),
        (quiet, {"q": "crowd"}),
        (busy, {"q": "number777"}),
    ]
    for viewer, wanted in asked:
        is_administrator(viewer)  # permissions are read once a person, and kept
        with CaptureQueriesContext(connection) as queries:
            get_student_activity_feed(51, viewer=viewer, **wanted)
        read = [rows_read(each["sql"]) for each in queries.captured_queries]
        assert len(read) == (5 if "q" in wanted else 4)  # one of each source, and what the text finds
        assert max(read) < 12_000, (viewer.username, wanted, read)


def test_of_many_courses_only_as_many_rows_are_read_as_the_page_has(cast: Cast) -> None:
    fill(10_000)
    busy = User.objects.create(username="busy teacher")
    busy.courses_taught.set(Course.objects.exclude(slug="course10"))
    with CaptureQueriesContext(connection) as queries:
        assert len(get_student_activity_feed(51, viewer=busy)) == 51
    for query in queries.captured_queries[-4:]:
        read = [node for node in nodes(plan_of(query["sql"])) if node.get("Alias") == "progress_userprogress"]
        assert sum(int(node["Actual Loops"] * node["Actual Rows"]) for node in read) <= 51


def test_a_course_with_a_text_that_many_have_is_walked_along_its_own_index(cast: Cast) -> None:
    fill(100_000)
    course = Course.objects.get(slug="course1").pk
    with CaptureQueriesContext(connection) as queries:
        assert len(get_student_activity_feed(51, viewer=cast.admin, course=course, q="crowd")) == 51
    indexes = {
        node["Index Name"]
        for query in queries.captured_queries
        for node in nodes(plan_of(query["sql"]))
        if node.get("Relation Name") == "progress_userprogress" and node["Alias"] != "progress_userprogress"
    }
    assert indexes == {"progress_completed_course", "progress_announced_course"}
