"""`/metrics`: this process's counters in Prometheus' text format, for operators and their machines."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest


def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with the figures; 401 who has neither the METRICS_TOKEN nor a session, 403 who is no operator.

    The address alone lets nobody in: behind a proxy on the same machine everybody comes from loopback.
    """
    if not _is_operators_machine(request):
        if not request.user.is_authenticated:
            return HttpResponse("A token is needed.", status=401, content_type="text/plain")
        if not request.user.has_perm("consumers.view_ops"):
            return HttpResponse("Operators only.", status=403, content_type="text/plain")
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _is_operators_machine(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    return bool(token) and constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}")
