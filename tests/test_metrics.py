"""`/metrics`: for operators and their machines, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from progress import metrics
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def test_a_machine_with_the_token_is_let_in(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = "long and secret"
    metrics.met("body_bytes")
    answer = client.get("/metrics", headers={"Authorization": "Bearer long and secret"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    assert answer["Cache-Control"] == "no-store"
    assert b'live_limits_met_total{limit="body_bytes"}' in answer.content


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer another", "Basic long and secret"])
@pytest.mark.parametrize("token", ["", "long and secret"])
def test_any_other_machine_is_not(client: Client, settings: Any, token: str, header: str) -> None:
    settings.METRICS_TOKEN = token
    assert client.get("/metrics", headers={"Authorization": header}).status_code == 401


def test_an_operator_sees_them_and_an_instructor_does_not(cast: Cast, client: Client) -> None:
    cast.olga.user_permissions.add(Permission.objects.get(codename="view_ops"))
    client.force_login(cast.olga)
    assert client.get("/metrics").status_code == 200
    client.force_login(cast.grace)
    assert client.get("/metrics").status_code == 403
