"""The language and the time zone in which somebody is answered (docs/adr/0020-languages.md).

Whoever is signed in has chosen both; a visitor's browser says a language, and nobody knows the time zone: it is UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.decorators import sync_and_async_middleware
from django.utils.functional import SimpleLazyObject

from progress import preferences
from progress.models import User

Locale = tuple[str, ZoneInfo]

_IN_A_LANGUAGE = ("text/html", "application/json")
"""Films and figures are the same for everybody."""


@sync_and_async_middleware
def speak_to_the_person(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware that activates both for the request, and says of the answer which language it is in.

    Nothing is put back at the end: every request activates its own, and what is drawn after the middleware has
    returned, as a stream is, would be in another language.
    """
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponse:
            # Another thread only for those who may be signed in: probes and visitors need no database.
            known = settings.SESSION_COOKIE_NAME in request.COOKIES
            _activate(await sync_to_async(_of_the_person)(request) if known else _of_a_visitor(request))
            return _said(await get_response(request))

        return answer_async

    def answer(request: HttpRequest) -> HttpResponse:
        _activate(_of_the_person(request))
        return _said(get_response(request))

    return answer


def _of_the_person(request: HttpRequest) -> Locale:
    try:
        person = request.user
        signed_in = person.is_authenticated
    except DatabaseError as error:
        # The view says what is to be said of it. Without this it would wait for the database as long once more.
        request.user = SimpleLazyObject(partial(_raise, error))  # type: ignore[assignment]
        return _of_a_visitor(request)
    if not signed_in or not isinstance(person, User):
        return _of_a_visitor(request)
    language = preferences.language_of(person) or translation.get_language_from_request(request)
    return language, preferences.zone_of(person)


def _of_a_visitor(request: HttpRequest) -> Locale:
    return translation.get_language_from_request(request), preferences.UTC


def _activate(locale: Locale) -> None:
    language, zone = locale
    translation.activate(language)
    timezone.activate(zone)


def _said(response: HttpResponse) -> HttpResponse:
    if not response.headers.get("Content-Type", "").startswith(_IN_A_LANGUAGE):
        return response
    # The cookie of the session, which says who it is, is named in Vary by Django's middleware.
    patch_vary_headers(response, ["Accept-Language"])
    response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
    return response


def _raise(error: DatabaseError) -> NoReturn:
    raise error
