"""A school of many years: progress rows by the million, in courses that are busy and one that is quiet, made in SQL.

`python -m tests.bench.school ROWS [BUSY COURSES]` fills the bench's own database and prints, as JSON, who looks at it
and for what.
"""

import json
import sys

import django

django.setup()

from django.db import connection  # noqa: E402 - once Django is set up

from progress.models import Course, Enrollment, Exam, Lesson, User  # noqa: E402
from tests.bench.people import administrators, signed_in  # noqa: E402

BUSY = 9
STUDIED = 9
"""Of the busy courses each student studies so many at most: more courses make more students, not busier ones."""

LESSONS = 10
QUIET = "The history of the abacus"
DAYS = 60
"""Over how many days what the busy courses saw is spread, up to this moment; the quiet one's is a year older."""

SHARES = {"completed": 3, "attempted": 3, "certified": 5}
"""One in so many: rows not completed, students of a course with two attempts, with a certificate."""


def fill(rows: int, busy_courses: int = BUSY) -> dict[str, object]:
    """Make so many rows, and entries of all types; return cookies, and what filters name."""
    studied = min(STUDIED, busy_courses)
    people = User.objects.bulk_create(
        User(
            username=f"pupil{number:06}",
            password="!",
            first_name=f"First{number % 977}",
            last_name=f"Last{number}",
            search_text=f"first{number % 977} last{number}",
        )
        for number in range(max(10, -(-rows // (studied * LESSONS))))
    )
    busy = [_course(f"Course {number}", f"course-{number}") for number in range(1, busy_courses + 1)]
    quiet = _course(QUIET, "abacus")
    for place, course in enumerate(busy):
        students = (person for number, person in enumerate(people) if (place + number) % busy_courses < studied)
        Enrollment.objects.bulk_create([Enrollment(user=person, course=course) for person in students])
    Enrollment.objects.bulk_create([Enrollment(user=person, course=quiet) for person in people[:5]])
    with connection.cursor() as sql:
        sql.execute(_PROGRESS, {"rows": rows, "days": DAYS, "one_in": SHARES["completed"]})
        sql.execute(_ATTEMPTS, {"days": DAYS, "one_in": SHARES["attempted"]})
        sql.execute(_CERTIFICATES, {"days": DAYS, "one_in": SHARES["certified"]})
        sql.execute("VACUUM ANALYZE")
    teacher = User.objects.create(username="teacher", password="!")
    teacher.courses_taught.set([busy[0], busy[1], quiet])
    gardener = User.objects.create(username="gardener", password="!")
    gardener.courses_taught.set([quiet])
    return {
        "administrator": administrators(1, name="head")[0],
        "instructor": signed_in([teacher])[0],
        "quiet_instructor": signed_in([gardener])[0],
        "pupil": signed_in([people[3]])[0],
        "busy": busy[0].pk,
        "quiet": quiet.pk,
        "student": people[3].pk,
        "name": people[3].last_name,
    }


def _course(title: str, slug: str) -> Course:
    course = Course.objects.create(title=title, slug=slug)
    Exam.objects.create(course=course, title=f"Exam of {title}")
    for number in range(LESSONS):
        Lesson.objects.create(
            course=course, title=f"Topic {number} of {title}", slug=f"topic-{number}", order=number, duration=600
        )
    return course


# Moments are spread by multiples of large primes: every lesson and every student has some of today, and none is a run.
_PROGRESS = """
    INSERT INTO progress_userprogress (user_id, lesson_id, course_id, status, completed, started_at, completed_at,
        video_watch_percentage, last_watched_timestamp, video_completion_threshold, last_accessed, progress_percentage,
        segments, unpaid_segments, suspicious, claimed_percentage, budget_seconds, budget_at, players,
        completed_percentage, completed_claimed, announced_at, announced_percentage, announced_claimed,
        announced_status)
    SELECT user_id, lesson_id, course_id, CASE WHEN done THEN 'completed' ELSE 'in_progress' END, done, at,
        CASE WHEN done THEN at END, 92, 550, 90, at, 92, '[[0, 552]]', '[]', '', 0, 3, at, '[]',
        CASE WHEN done THEN 92 END, CASE WHEN done THEN false END, at, CASE WHEN done THEN 92 ELSE 75 END, false,
        CASE WHEN done THEN 'completed' ELSE 'in_progress' END
    FROM (
        SELECT e.user_id, l.id AS lesson_id, l.course_id, (e.id + l.id) %% %(one_in)s <> 0 AS done,
            now() - CASE WHEN c.slug = 'abacus' THEN interval '1 year' ELSE interval '0' END
                - (e.id * 7919 + l.id * 104729) %% (%(days)s * 86400) * interval '1 second' AS at
        FROM progress_enrollment e
        JOIN progress_course c ON c.id = e.course_id
        JOIN progress_lesson l ON l.course_id = e.course_id
        WHERE l.slug LIKE 'topic-%%'
        ORDER BY c.slug = 'abacus' DESC
        LIMIT %(rows)s
    ) played
"""
_ATTEMPTS = """
    INSERT INTO progress_examattempt (user_id, exam_id, course_id, attempt_number, started_at, submitted_at, score,
        passed, answers)
    SELECT e.user_id, x.id, e.course_id, number, t.at - interval '20 minutes', t.at, 40 + 30 * number, number = 2, '{}'
    FROM progress_enrollment e
    JOIN progress_exam x ON x.course_id = e.course_id
    CROSS JOIN generate_series(1, 2) number
    CROSS JOIN LATERAL (
        SELECT now() - (e.id * 7919 + number * 999983) %% (%(days)s * 86400) * interval '1 second' AS at) t
    WHERE e.id %% %(one_in)s = 0
"""
_CERTIFICATES = """
    INSERT INTO progress_certification (user_id, course_id, certificate_id, due_at, issued_at)
    SELECT e.user_id, e.course_id, gen_random_uuid(), t.at, t.at
    FROM progress_enrollment e
    CROSS JOIN LATERAL (SELECT now() - e.id * 7907 %% (%(days)s * 86400) * interval '1 second' AS at) t
    WHERE e.id %% %(one_in)s = 0
"""

if __name__ == "__main__":
    sys.stdout.write(json.dumps(fill(*map(int, sys.argv[1:]))))
