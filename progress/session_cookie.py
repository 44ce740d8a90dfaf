"""The session's cookie may hold anything; what Django made no session key of is not looked for in the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.utils.decorators import sync_and_async_middleware


def can_be_a_key(text: str) -> bool:
    """Whether Django may have made this session key: it uses letters and digits."""
    return text.isascii() and text.isalnum()


@sync_and_async_middleware
def without_impossible_keys(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware that takes such a cookie off the request.

    A NUL, which quotes can carry ("\\000"), is no text for PostgreSQL: each such request would be an unexpected
    failure, and anybody can send it.
    """

    def clean(request: HttpRequest) -> HttpRequest:
        if not can_be_a_key(request.COOKIES.get(settings.SESSION_COOKIE_NAME, "none")):
            del request.COOKIES[settings.SESSION_COOKIE_NAME]
        return request

    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> Any:
            return await get_response(clean(request))

        return answer_async

    return lambda request: get_response(clean(request))
