"""Signing out reaches open sockets: the end of a session, and a changed password, which ends the other sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from progress import school
from progress.models import User


@receiver(user_logged_out, dispatch_uid="progress.note_sign_out")
def note_sign_out(request: HttpRequest | None, user: User | None, **_: Any) -> None:
    """Note on the request who signs out: the session itself is deleted only after this signal."""
    if request is not None and user is not None:
        request.META["progress.signed_out"] = user.pk


class SignOutMiddleware:
    """Tells of a sign-out once the session is gone, whichever view ended it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, then tell."""
        response = self.get_response(request)
        if (pk := request.META.get("progress.signed_out")) is not None:
            school.tell_access_changed([pk])
        return response


class TellOpenSockets:
    """A password validator that validates nothing: Django calls its validators when a password has changed."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Any password will do here."""

    def password_changed(self, password: str, user: User) -> None:
        """Have the person's open sockets look at their sessions again."""
        if user.pk is not None:
            school.tell_access_changed([user.pk])

    def get_help_text(self) -> str:
        """Nothing to say to who chooses a password."""
        return ""
