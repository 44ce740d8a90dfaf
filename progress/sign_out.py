"""Signing out reaches open sockets: the end of a session, and a changed password, which ends the other sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

from progress import school
from progress.models import User


@receiver(user_logged_out, dispatch_uid="progress.note_sign_out")
def note_sign_out(request: HttpRequest | None, user: User | None, **_: Any) -> None:
    """Note on the request who signs out: the session itself is deleted only after this signal."""
    if request is not None and user is not None:
        request.META["progress.signed_out"] = user.pk


@sync_and_async_middleware
def tell_of_sign_out(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware that tells of a sign-out once the session is gone, whichever view ended it."""

    def tell(request: HttpRequest) -> None:
        if (pk := request.META.get("progress.signed_out")) is not None:
            school.tell_access_changed([pk])

    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponse:
            response: HttpResponse = await get_response(request)
            if "progress.signed_out" in request.META:
                await sync_to_async(tell)(request)
            return response

        return answer_async

    def answer(request: HttpRequest) -> HttpResponse:
        response: HttpResponse = get_response(request)
        tell(request)
        return response

    return answer


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
