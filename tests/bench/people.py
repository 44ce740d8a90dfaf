"""Administrators with sessions, made in the bench's own database: `python -m tests.bench.people COUNT`.

Prints a cookie for each.
"""

import sys

import django

django.setup()

from datetime import timedelta  # noqa: E402 - once Django is set up

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.utils import timezone  # noqa: E402

from progress.models import User  # noqa: E402


def administrators(count: int) -> list[str]:
    """Make them and return their cookies; each watches on one socket, as people do."""
    people = User.objects.bulk_create(
        [User(username=f"admin{number:05}", password="!", is_superuser=True) for number in range(count)]
    )
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
    sys.stdout.write("\n".join(administrators(int(sys.argv[1]))))
