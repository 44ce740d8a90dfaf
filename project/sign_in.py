"""Sign-in attempts: whoever has failed too often with an account waits, at that address (LIMIT_LOGIN_ATTEMPTS).

django-axes counts in the database, so that the count is one for all web processes and needs no Redis. What it would
keep besides the count, a request's fields and a log of every sign-in, is not kept.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from asgiref.sync import iscoroutinefunction
from axes.backends import AxesStandaloneBackend
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_credentials
from axes.models import AccessAttempt
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import sync_and_async_middleware

from progress import metrics

log = logging.getLogger(__name__)

WINDOW: Final = timedelta(minutes=15)
"""Attempts older than this do not count; whoever is locked out waits so long after the last failure that counted."""

_TRIED = "project.tried"
Tried = tuple[str | None, str | None]
"""An account's name, and the address from where it is tried."""

MOST_CHARACTERS: Final = 150
"""Of a user name (django.contrib.auth.models.AbstractUser)."""


def window(_request: HttpRequest) -> timedelta:
    """How long attempts count, as django-axes asks for it."""
    return WINDOW


def name_of(_request: HttpRequest, credentials: dict[str, Any] | None) -> str | None:
    """The account that is tried, as it is counted: nobody has a longer name, and the table has no room for one."""
    name = (credentials or {}).get("username")
    return None if name is None else str(name)[:MOST_CHARACTERS]


class Attempts(AxesStandaloneBackend):  # type: ignore[misc]
    """An authentication backend that grants nothing: it refuses who has failed too often, before a password is read.

    A sign-in without a request (a command, a test) has no address for which it could be counted.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        """Raise PermissionDenied where the account may not be tried from this address at the moment."""
        if request is None or not settings.AXES_ENABLED:
            return
        super().authenticate(request, **credentials)
        tried = (name_of(request, credentials), request.META.get("REMOTE_ADDR"))
        failures = AxesProxyHandler.get_failures(request, get_credentials(**credentials))
        if not _under_way.begin(tried, most=settings.AXES_FAILURE_LIMIT - failures):
            request.axes_locked_out = True  # type: ignore[attr-defined]
            raise PermissionDenied
        request.META[_TRIED] = tried


class _UnderWay:
    """Attempts whose password is being hashed, in this process: a third of a second, in which hundreds could begin."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count: Counter[Tried] = Counter()

    def begin(self, tried: Tried, *, most: int) -> bool:
        """Count one more, where there are fewer than `most`."""
        with self._lock:
            if self._count[tried] >= most:
                return False
            self._count[tried] += 1
            return True

    def end(self, tried: Tried) -> None:
        """Count one less: it has failed, and is counted in the database, or has not."""
        with self._lock:
            self._count[tried] -= 1
            if not self._count[tried]:
                del self._count[tried]


_under_way = _UnderWay()


@sync_and_async_middleware
def count_attempts(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware that knows when an attempt has ended, whatever became of it."""

    def end(request: HttpRequest) -> None:
        if (tried := request.META.pop(_TRIED, None)) is not None:
            _under_way.end(tried)

    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponse:
            try:
                response: HttpResponse = await get_response(request)
                return response
            finally:
                end(request)

        return answer_async

    def answer(request: HttpRequest) -> HttpResponse:
        try:
            response: HttpResponse = get_response(request)
            return response
        finally:
            end(request)

    return answer


def too_many(request: HttpRequest, *_: Any) -> HttpResponse:
    """The answer to one attempt too many: 429, with the time to wait."""
    metrics.met("login_attempts")
    # Whoever mistypes may have typed a password into the field for the name: it stands in no log.
    log.warning("Too many attempts to sign in", extra={"address": request.META.get("REMOTE_ADDR")})
    answer = render(request, "registration/too_many.html", {"minutes": WINDOW.seconds // 60}, status=429)
    answer["Retry-After"] = str(WINDOW.seconds)
    return answer


@receiver(pre_save, sender=AccessAttempt, dispatch_uid="project.keep_little")
def keep_little(instance: AccessAttempt, **_: Any) -> None:
    """Keep who, from where, when and how often; not what else the requests held, which can be megabytes."""
    instance.get_data = instance.post_data = instance.http_accept = ""
