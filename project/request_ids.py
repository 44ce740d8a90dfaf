"""Request ids: each HTTP request has one, in all log lines that it causes and in its answer's `X-Request-ID`.

A proxy may give it, and then finds its own lines and ours by the same id. Sockets have an id of their own, which their
lines name (`socket`).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

HEADER = "X-Request-ID"

_GIVEN = re.compile(r"[A-Za-z0-9_.-]{8,64}")


class _Request:
    """What the context of a request carries, and with it every task that the request begins.

    Some of these go on for the life of the process: the id is taken away when the request is answered.
    """

    __slots__ = ("id",)

    def __init__(self, id: str) -> None:
        self.id = id


_request: ContextVar[_Request | None] = ContextVar("request", default=None)


@sync_and_async_middleware
def with_id(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware that gives each request its id; it stands before whatever may write a log line."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            begun = _begin(request)
            return _end(begun, await get_response(request))

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        begun = _begin(request)
        return _end(begun, get_response(request))

    return answer


def name_request(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Processor that adds `request_id` to a line that a request has caused."""
    if (begun := _request.get()) and begun.id:
        event.setdefault("request_id", begun.id)
    return event


def _begin(request: HttpRequest) -> _Request:
    given = request.headers.get(HEADER, "")
    begun = _Request(given if _GIVEN.fullmatch(given) else secrets.token_hex(8))
    _request.set(begun)
    return begun


def _end(begun: _Request, response: HttpResponseBase) -> HttpResponseBase:
    response.headers[HEADER] = begun.id
    if not response.streaming:  # else its lines are yet to come, and its context ends with it
        begun.id = ""
    return response
