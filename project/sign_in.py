"""Sign-in attempts: whoever has failed too often with an account waits, at that address (LIMIT_LOGIN_ATTEMPTS).

django-axes counts in the database, so that the count is one for all web processes and needs no Redis. What it would
keep besides the count, a request's fields and a log of every sign-in, is not kept.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, Final

from axes.backends import AxesStandaloneBackend
from axes.models import AccessAttempt
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from progress import metrics

log = logging.getLogger(__name__)

WINDOW: Final = timedelta(minutes=15)
"""Attempts older than this do not count; whoever is locked out waits so long after the last failure that counted."""

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
        if request is not None:
            super().authenticate(request, **credentials)


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
