"""People with sessions, made in the bench's own database.

`python -m tests.bench.people ADMINISTRATORS STUDENTS LESSONS INSTRUCTORS` prints, as JSON, a cookie for each of them,
and the lessons' ids.
"""

import json
import sys
from collections.abc import Sequence

import django

django.setup()

from datetime import timedelta  # noqa: E402 - once Django is set up

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.utils import timezone  # noqa: E402

from progress.models import Course, Enrollment, Lesson, User  # noqa: E402

LESSON_SECONDS = 600.0


def administrators(count: int, *, name: str = "admin") -> list[str]:
    """Make them and return their cookies; each watches on one socket, as people do."""
    return signed_in(
        User.objects.bulk_create(
            [User(username=f"{name}{number:05}", password="!", is_superuser=True) for number in range(count)]
        )
    )


def instructors(course: Course, count: int) -> list[str]:
    """Make instructors of a course and return their cookies."""
    people = User.objects.bulk_create([User(username=f"teacher{number:05}", password="!") for number in range(count)])
    course.instructors.set(people)
    return signed_in(people)


def students(course: Course, count: int, lessons: int) -> tuple[list[str], list[int]]:
    """Make students of a course, and so many lessons in it; return their cookies and the lessons' ids."""
    people = User.objects.bulk_create([User(username=f"student{number:05}", password="!") for number in range(count)])
    Enrollment.objects.bulk_create([Enrollment(user=person, course=course) for person in people])
    made = [
        Lesson.objects.create(
            course=course, title=f"Lesson {number}", slug=f"lesson-{number}", order=number, duration=LESSON_SECONDS
        )
        for number in range(lessons)
    ]
    return signed_in(people), [lesson.pk for lesson in made]


def signed_in(people: Sequence[User]) -> list[str]:
    """Return a cookie for each of these people."""
    keys = []
    sessions = []
    for person in people:
        store = SessionStore()
        data = {
            SESSION_KEY: str(person.pk),
            BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
            HASH_SESSION_KEY: person.get_session_auth_hash(),
        }
        keys.append(store._get_new_session_key())  # type: ignore[attr-defined]
        sessions.append(
            Session(
                session_key=keys[-1], session_data=store.encode(data), expire_date=timezone.now() + timedelta(days=1)
            )
        )
    Session.objects.bulk_create(sessions)
    return [f"sessionid={key}" for key in keys]


if __name__ == "__main__":
    wanted = list(map(int, sys.argv[1:5]))
    algorithms = Course.objects.create(title="Algorithms", slug="algorithms")
    cookies, made = students(algorithms, wanted[1], wanted[2])
    told = {"administrators": administrators(wanted[0]), "instructors": instructors(algorithms, wanted[3])}
    sys.stdout.write(json.dumps({**told, "students": cookies, "lessons": made}))
