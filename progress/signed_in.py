"""Who is signed in behind a session key, for sockets: many asked together, past the one thread that the ORM shares.

It is what Django's own middlewares find (django.contrib.auth.get_user): the session is there and has not expired, the
person is active, and the password is still the one they signed in with.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models.functions import Now
from django.utils.crypto import constant_time_compare

from progress.compiled import Compiled, Given
from progress.models import User
from progress.session_cookie import can_be_a_key
from progress.together import Together

REMEMBERED_SECONDS = 5.0
"""How long an answer serves sockets that open with the same session: a page with several, a network that flaps."""

MOST_REMEMBERED = 10_000

_remembered: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, tuple[int, float]]] = (
    weakref.WeakKeyDictionary()
)


async def person_of(session_key: str, *, anew: bool = False) -> int | None:
    """Return the id of the person whose session it is; None where nobody is signed in by it.

    `anew` asks the database whatever is remembered. Raises psycopg.OperationalError where it is away.
    """
    if not can_be_a_key(session_key):
        return None
    loop = asyncio.get_running_loop()
    remembered = _remembered.setdefault(loop, {})
    known = remembered.get(session_key)
    if known is not None and not anew and known[1] > loop.time():
        return known[0]
    remembered.pop(session_key, None)
    found = await _people.ask(session_key)
    if found is not None:
        if len(remembered) >= MOST_REMEMBERED:
            remembered.clear()
        remembered[session_key] = (found, loop.time() + REMEMBERED_SECONDS)
    return found


def forget(people: Iterable[int] | None) -> None:
    """Remember nothing more of these people, None meaning everybody: they signed out, or their rights changed."""
    remembered = _remembered.get(asyncio.get_running_loop(), {})
    gone = None if people is None else set(people)
    for key, (person, _) in list(remembered.items()):
        if gone is None or person in gone:
            del remembered[key]


_sessions = Compiled(
    lambda: Session.objects.filter(session_key__among=Given("keys", "text"), expire_date__gt=Now()).values_list(
        "session_key", "session_data"
    )
)
_passwords = Compiled(
    lambda: User.objects.filter(pk__among=Given("people"), is_active=True).values_list("pk", "password")
)


async def _read(session_keys: Sequence[str]) -> Mapping[str, int]:
    store = SessionStore()
    data = {key: store.decode(text) for key, text in await _sessions.rows(keys=session_keys)}
    claimed = {key: pk for key, session in data.items() if (pk := _claimed(session)) is not None}
    passwords: dict[int, str] = dict(await _passwords.rows(people=list(set(claimed.values()))) if claimed else [])
    return {
        key: pk
        for key, pk in claimed.items()
        if pk in passwords and _fits(data[key].get(HASH_SESSION_KEY, ""), passwords[pk])
    }


def _claimed(session: Mapping[str, Any]) -> int | None:
    """Whose session it says that it is, if by a backend that is still in use."""
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    try:
        return int(session[SESSION_KEY])
    except (KeyError, ValueError):
        return None


def _fits(session_hash: str, password: str) -> bool:
    """Whether the session was begun with this password, under the present secret key or one of its predecessors."""
    person = User(password=password)
    hashes = [person.get_session_auth_hash(), *person.get_session_auth_fallback_hash()]
    return any(constant_time_compare(session_hash, each) for each in hashes)


_people = Together(_read)
