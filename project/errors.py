"""Errors outside the API's own views: whatever refuses an address under /api/ answers in the API's shape.

Django and ninja answer some requests before an operation sees them, or after it failed: an unknown method, a foreign
host, an unexpected failure. Those answers are pages, and a program that reads JSON finds none in them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

CODES = {
    403: ("forbidden", _("You may not do that.")),
    404: ("not_found", _("There is no such address.")),
    405: ("method_not_allowed", _("This address has no such method; the header Allow says which it has.")),
    413: ("body_too_large", _("The body is too large.")),
}
"""What the framework's own answers mean."""

UNREADABLE = ("bad_request", _("The request could not be read."))
FAILED = ("failed", _("Something failed here. Whether anything was stored is not known."))


@csrf_exempt  # an unknown address is 404 with whatever token
def no_such_api(request: HttpRequest) -> JsonResponse:
    """404 as JSON; a page elsewhere is Django's own business and our templates/404.html."""
    return JsonResponse(_body(404), status=404)


@sync_and_async_middleware
def in_the_shape_of_the_api(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware that gives a refusal of an address under /api/ which is no JSON the shape of every other one."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponse:
            return _shaped(request, await get_response(request))

        return answer_async

    def answer(request: HttpRequest) -> HttpResponse:
        return _shaped(request, get_response(request))

    return answer


def _shaped(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    refused = response.status_code >= 400 and request.path.startswith("/api/")
    if refused and not response.headers.get("Content-Type", "").startswith("application/json"):
        # The answer stays, and with it what others wrote into its headers; only what it says is ours.
        response.content = JsonResponse(_body(response.status_code)).content
        response.headers["Content-Type"] = "application/json"
        response.headers["Content-Length"] = str(len(response.content))
    return response


def _body(status: int) -> dict[str, object]:
    code, sentence = CODES.get(status, FAILED if status >= 500 else UNREADABLE)
    return {"success": False, "error": str(sentence), "code": code}
