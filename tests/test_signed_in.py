"""Who is behind a session: what Django's own middlewares find, for many at once, remembered for seconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone
from pytest_django.fixtures import Settings

from feed import groups
from progress import lessons, signed_in
from progress.models import Course, Enrollment, Lesson, User
from progress.querysets import is_administrator
from tests.cast import Cast
from tests.live import Live

pytestmark = [pytest.mark.usefixtures("loop_services"), pytest.mark.django_db(transaction=True)]


def signed_in_as(person: User, **changed: Any) -> str:
    """A session of this person's; `changed` says otherwise, None leaves something out."""
    session = SessionStore()
    said = {
        SESSION_KEY: str(person.pk),
        BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
        HASH_SESSION_KEY: person.get_session_auth_hash(),
        **changed,
    }
    session.update({key: value for key, value in said.items() if value is not None})
    session.create()
    return str(session.session_key)


def as_django_finds(session_key: str) -> int | None:
    """Who Django's own middlewares find."""
    request = HttpRequest()
    request.session = SessionStore(session_key)
    return get_user(request).pk


def _fine(cast: Cast) -> str:
    return signed_in_as(cast.ada)


def _anonymous(cast: Cast) -> str:
    return signed_in_as(cast.ada, **{SESSION_KEY: None})


def _of_nobody(cast: Cast) -> str:
    return signed_in_as(cast.ada, **{SESSION_KEY: str(2**40)})


def _by_an_old_password(cast: Cast) -> str:
    key = signed_in_as(cast.ada)
    cast.ada.set_password("another")
    cast.ada.save()
    return key


def _by_an_old_secret_key(cast: Cast) -> str:
    return signed_in_as(cast.ada, **{HASH_SESSION_KEY: "0" * 64})


def _without_a_hash(cast: Cast) -> str:
    return signed_in_as(cast.ada, **{HASH_SESSION_KEY: None})


def _by_another_backend(cast: Cast) -> str:
    return signed_in_as(cast.ada, **{BACKEND_SESSION_KEY: "school.Ldap"})


def _expired(cast: Cast) -> str:
    key = signed_in_as(cast.ada)
    Session.objects.filter(pk=key).update(expire_date=timezone.now() - timedelta(seconds=1))
    return key


def _forged(cast: Cast) -> str:
    key = signed_in_as(cast.ada)
    Session.objects.filter(pk=key).update(session_data="e30:1abc:xyz")
    return key


def _of_somebody_barred(cast: Cast) -> str:
    key = signed_in_as(cast.ada)
    User.objects.filter(pk=cast.ada.pk).update(is_active=False)
    return key


def _unknown(cast: Cast) -> str:
    return "x" * 32


@pytest.mark.parametrize(
    "session",
    [
        _fine,
        _anonymous,
        _of_nobody,
        _by_an_old_password,
        _by_an_old_secret_key,
        _without_a_hash,
        _by_another_backend,
        _expired,
        _forged,
        _of_somebody_barred,
        _unknown,
    ],
)
async def test_a_session_says_what_it_says_to_django(cast: Cast, session: Callable[[Cast], str]) -> None:
    key = await sync_to_async(session)(cast)
    found = await signed_in.person_of(key)
    assert found == await sync_to_async(as_django_finds)(key)
    assert (found is not None) == (session is _fine)


async def test_a_session_of_a_former_secret_key_is_good_while_that_key_is_a_fallback(
    cast: Cast, settings: Settings
) -> None:
    key = await sync_to_async(signed_in_as)(cast.ada)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [settings.SECRET_KEY]
    assert await signed_in.person_of(key) == cast.ada.pk
    settings.SECRET_KEY_FALLBACKS = []
    assert await signed_in.person_of(key, anew=True) is None


@pytest.mark.parametrize("key", ["", "x\x00y", "ключ", "a b", "x" * 5000])
async def test_what_cannot_be_a_session_key_is_nobodys(db: None, key: str) -> None:
    assert await signed_in.person_of(key) is None


async def test_an_answer_is_remembered_until_there_is_news_of_the_person(cast: Cast) -> None:
    keys = [await sync_to_async(signed_in_as)(person) for person in (cast.ada, cast.bob)]
    for key in keys:
        await signed_in.person_of(key)
    await Session.objects.all().adelete()
    assert [await signed_in.person_of(key) for key in keys] == [cast.ada.pk, cast.bob.pk]
    signed_in.forget({cast.ada.pk})
    assert [await signed_in.person_of(key) for key in keys] == [None, cast.bob.pk]
    signed_in.forget(None)
    assert await signed_in.person_of(keys[1]) is None


async def test_a_session_that_has_ended_opens_no_socket_though_it_opened_one_a_moment_ago(
    live: Live, cast: Cast
) -> None:
    browser = await live.http(cast.grace, web=0)
    session = browser.cookies["sessionid"]
    async with live.feed(cast.grace, web=1, session=session) as viewer:
        assert (await browser.post("/accounts/logout/")).status_code == 302
        assert await viewer.until_closed() == 4401
        async with live.socket("/ws/feed/", cast.grace, web=1, session=session) as again:
            assert await again.until_closed() == 4401


def _people(cast: Cast) -> dict[str, User]:
    """Everybody who may be somebody else to the feed."""
    dean, deputy, barred = (User.objects.create(username=name) for name in ("dean", "deputy", "barred"))
    permission = Permission.objects.get(codename="view_all")
    dean.user_permissions.add(permission)
    deans = Group.objects.create(name="deans")
    deans.permissions.add(permission)
    deputy.groups.add(deans)
    User.objects.filter(pk=barred.pk).update(is_superuser=True, is_active=False)
    cast.botany.instructors.add(cast.grace)
    Enrollment.objects.create(user=cast.grace, course=cast.botany, active=False)
    named = {name: getattr(cast, name) for name in ("admin", "grace", "oscar", "ada", "olga")}
    return {**named, "dean": dean, "deputy": deputy, "barred": barred}


async def test_the_groups_of_many_are_those_of_each_and_say_what_the_scope_says(cast: Cast) -> None:
    people = await sync_to_async(_people)(cast)
    algorithms, botany = (f"feed.course.{course.pk}" for course in (cast.algorithms, cast.botany))
    expected = {
        "admin": ["feed.all"],
        "dean": ["feed.all"],
        "deputy": ["feed.all"],
        "barred": [],
        "grace": [algorithms, botany, f"feed.student.{cast.grace.pk}"],
        "oscar": [botany],
        "ada": [f"feed.student.{cast.ada.pk}"],
        "olga": [],
    }
    fresh = {name: await User.objects.aget(pk=person.pk) for name, person in people.items()}
    assert {name: await groups.look_up(person.pk) for name, person in people.items()} == expected
    assert {name: await sync_to_async(groups.of_viewer)(person) for name, person in fresh.items()} == expected
    administrators = {name for name, person in fresh.items() if await sync_to_async(is_administrator)(person)}
    assert administrators == {name for name, names in expected.items() if names == ["feed.all"]}


async def test_many_who_ask_at_once_whether_they_study_a_lesson_are_answered_as_alone(cast: Cast) -> None:
    unready = await Lesson.objects.acreate(course=cast.algorithms, title="Soon", slug="soon", duration=0)
    await Enrollment.objects.filter(user=cast.bob).aupdate(active=False)
    await Course.objects.acreate(title="Empty", slug="empty")

    def alone(person: User, lesson: Lesson) -> bool:
        seen = lessons.seen_by(person, pk=lesson.pk)
        return seen is not None and seen.studied

    asked = [
        (person, lesson)
        for person in (cast.ada, cast.bob, cast.eve, cast.grace, cast.admin)
        for lesson in (cast.bernoulli, cast.mosses, unready)
    ]
    told = [await lessons.studies(person.pk, lesson.pk) for person, lesson in asked]
    assert told == [await sync_to_async(alone)(person, lesson) for person, lesson in asked]
    assert [pair for pair, studied in zip(asked, told, strict=True) if studied] == [
        (cast.ada, cast.bernoulli),
        (cast.eve, cast.mosses),
    ]
