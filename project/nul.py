"""NUL in a request: PostgreSQL stores none, and a query with one is an error of ours, where it was a bad request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.utils.decorators import sync_and_async_middleware

NUL = "\x00"
_DETAIL = "There is a NUL character in the address."


@sync_and_async_middleware
def refuse_nul(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware that answers 400 to an address with NUL in it.

    Bodies and the API's addresses are not looked at here: forms refuse NUL by themselves, and the API parses what it
    takes. Cookies: progress.session_cookie.
    """

    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponse:
            answer: HttpResponse = _refused(request) or await get_response(request)
            return answer

        return answer_async

    def answer(request: HttpRequest) -> HttpResponse:
        answer: HttpResponse = _refused(request) or get_response(request)
        return answer

    return answer


def _refused(request: HttpRequest) -> HttpResponse | None:
    if request.path.startswith("/api/"):
        return None
    given = (text for name, values in request.GET.lists() for text in (name, *values))
    if NUL not in request.path and not any(NUL in text for text in given):
        return None
    return HttpResponseBadRequest(_DETAIL, content_type="text/plain")
