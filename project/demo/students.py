"""Students for load tests: any number of them, logged in already."""

from __future__ import annotations

import os
import string
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import get_random_string

from progress import school
from progress.models import Course, Enrollment, User
from progress.querysets import MODEL_BACKEND
from progress.text import normalised
from project.demo import cast

BATCH = 1000


@transaction.atomic
def make(count: int) -> list[User]:
    """Make sure that student0001 … exist up to `count`, studying Algorithms, and return them in that order."""
    names = [f"student{number:04}" for number in range(1, count + 1)]
    there = set(User.objects.filter(username__in=names).values_list("username", flat=True))
    if missing := [name for name in names if name not in there]:
        password = make_password(cast.PASSWORD)  # one hash for all: a thousand would take minutes
        User.objects.bulk_create((_student(name, password) for name in missing), batch_size=BATCH)
    students = {student.username: student for student in User.objects.filter(username__in=names)}
    course = Course.objects.get(slug=cast.ALGORITHMS.slug)
    studying = set(Enrollment.objects.filter(course=course, active=True).values_list("user_id", flat=True))
    idle = [student for student in students.values() if student.pk not in studying]
    Enrollment.objects.bulk_create(
        (Enrollment(user=student, course=course) for student in idle),
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["user", "course"],
        update_fields=["active"],
    )
    # In bulk what progress.school does for one; those who are new have no page open that could want to know.
    school.tell_access_changed([student.pk for student in idle if student.username in there])
    return [students[name] for name in names]


def log_in(people: Sequence[User]) -> list[str]:
    """Return a new session's key for each of these people, as a login would have made it."""
    store = SessionStore()
    ends = timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    sessions = [
        Session(
            session_key=get_random_string(32, string.ascii_lowercase + string.digits),
            session_data=store.encode(
                {
                    SESSION_KEY: str(person.pk),
                    BACKEND_SESSION_KEY: MODEL_BACKEND,
                    HASH_SESSION_KEY: person.get_session_auth_hash(),
                }
            ),
            expire_date=ends,
        )
        for person in people
    ]
    Session.objects.bulk_create(sessions, batch_size=BATCH)
    return [session.session_key for session in sessions]


def write_cookies(path: Path, keys: Sequence[str]) -> None:
    """Write one `sessionid=<key>` line for each key, readable by nobody else: a key is as good as a password."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o600)  # the file may have been there
        file.writelines(f"{settings.SESSION_COOKIE_NAME}={key}\n" for key in keys)


def _student(username: str, password: str) -> User:
    student = User(
        username=username,
        first_name="Student",
        last_name=username.removeprefix("student"),
        email=f"{username}@demo.example",
        password=password,
    )
    student.search_text = normalised(student.name)  # bulk_create calls no save()
    return student
