"""`/metrics`: the figures of all web processes of this server in Prometheus' text format, for operators' machines."""

from __future__ import annotations

import os

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Gauge, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from progress import outbox


def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with the figures; 401 who has neither the METRICS_TOKEN nor a session, 403 who is no operator.

    The address alone lets nobody in: behind a proxy on the same machine everybody comes from loopback.
    """
    if not _is_operators_machine(request):
        if not request.user.is_authenticated:
            return HttpResponse("A token is needed.", status=401, content_type="text/plain")
        if not request.user.has_perm("consumers.view_ops"):
            return HttpResponse("Operators only.", status=403, content_type="text/plain")
    figures = generate_latest(_of_processes()) + generate_latest(_of_the_database())
    return HttpResponse(figures, content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _of_processes() -> CollectorRegistry:
    """This process's figures, or those of all that listen on one socket (project.web_processes)."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _of_the_database() -> CollectorRegistry:
    """What is asked at each scrape, once for all processes; left out where the database is away."""
    registry = CollectorRegistry()
    try:
        rows, age = outbox.waiting_now()
    except DatabaseError:
        return registry
    Gauge("live_outbox_rows", "References that wait to be published.", registry=registry).set(rows)
    Gauge("live_outbox_age_seconds", "How long the oldest of them has waited.", registry=registry).set(age)
    return registry


def _is_operators_machine(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    return bool(token) and constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}")
