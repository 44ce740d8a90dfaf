"""The HTTP API put together: routers, who may call, and the one shape of every error."""

from __future__ import annotations

import logging

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError as DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import SessionAuth
from psycopg import OperationalError
from redis.exceptions import RedisError

from feed.api import router as feed_router
from feed.attention.api import router as attention_router
from feed.figures_api import router as figures_router
from progress import metrics
from progress.achievement_api import router as achievement_router
from progress.api import router as progress_router
from progress.api_schema import Api
from progress.failures import in_words
from progress.refusals import Refused

log = logging.getLogger(__name__)

api = Api(
    title="Live student-activity feed",
    version="1",
    urls_namespace="api",
    auth=SessionAuth(),
    docs_url="/docs",
    openapi_url="/openapi.json",
)
api.add_router("", progress_router, tags=["progress"])
api.add_router("", achievement_router, tags=["achievements"])
api.add_router("", feed_router, tags=["feed"])
api.add_router("", figures_router, tags=["feed"])
api.add_router("", attention_router, tags=["attention"])


def _answer(request: HttpRequest, status: int, code: str, detail: str, **more: object) -> HttpResponse:
    if status == 413:
        metrics.met("body_bytes")
    return api.create_response(request, {"success": False, "error": detail, "code": code, **more}, status=status)


@api.exception_handler(Refused)
def _refused(request: HttpRequest, refused: Refused) -> HttpResponse:
    return _answer(request, refused.status, refused.code, refused.detail, **refused.more)


@api.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, _: AuthenticationError) -> HttpResponse:
    return _answer(request, 401, "not_signed_in", gettext("Sign in first."))


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    where = "; ".join(f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors)
    return _answer(request, 422, "invalid_value", where)


@api.exception_handler(Http404)
def _missing(request: HttpRequest, _: Http404) -> HttpResponse:
    return _answer(request, 404, "not_found", gettext("There is no such thing, or you may not see it."))


@api.exception_handler(PermissionDenied)
def _forbidden(request: HttpRequest, _: PermissionDenied) -> HttpResponse:
    return _answer(request, 403, "forbidden", gettext("You may not do that."))


@api.exception_handler(HttpError)
def _plain(request: HttpRequest, error: HttpError) -> HttpResponse:
    # Ninja's own: 403 is its CSRF check, the rest are requests that it could not read.
    if error.status_code == 403:
        return _answer(request, 403, "csrf_failed", gettext("The CSRF token is missing or wrong."))
    return _answer(request, error.status_code, "bad_request", str(error))


@api.exception_handler(RequestDataTooBig)
def _too_large(request: HttpRequest, _: RequestDataTooBig) -> HttpResponse:
    # Raised by whoever reads the body first, ninja's CSRF check among them.
    return _answer(request, 413, "body_too_large", gettext("The body is too large."))


@api.exception_handler(BadRequest)
@api.exception_handler(MultiPartParserError)
@api.exception_handler(SuspiciousOperation)
@api.exception_handler(UnreadablePostError)
def _unreadable(request: HttpRequest, error: Exception) -> HttpResponse:
    # Raised by ninja's CSRF check too, which reads a form where the content type names one.
    return _answer(request, 400, "bad_request", gettext("The request could not be read."))


@api.exception_handler(OperationalError)
@api.exception_handler(DatabaseError)
@api.exception_handler(RedisError)
def _away(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("A service is away", extra={"error": in_words(error), "path": request.path})
    return _answer(
        request, 503, "try_again", gettext("A service behind this one is away. Nothing was stored; try again.")
    )
