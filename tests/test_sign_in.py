"""Signing in and out: nobody is led elsewhere by it, and no session is carried into it or out of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings

from progress.models import User
from tests.cast import Cast

database = pytest.mark.django_db(transaction=True)


def sign_in(client: Client, person: User, place: str = "") -> Any:
    """Sign in by the form, with where to go afterwards."""
    person.set_password("demo")
    person.save()
    return client.post("/accounts/login/", {"username": person.username, "password": "demo", "next": place})


@database
@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "http:///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example/",
        "https:evil.example",
        "https://testserver@evil.example/",
        "https://testserver.evil.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        " //evil.example/",
        "\t//evil.example/",
    ],
)
@pytest.mark.parametrize("hosts", [["testserver"], ["*"]])
def test_nobody_is_led_elsewhere_by_signing_in(cast: Cast, settings: Settings, place: str, hosts: list[str]) -> None:
    settings.ALLOWED_HOSTS = hosts
    client = Client()
    assert sign_in(client, cast.ada, place)["Location"] == "/"
    assert client.get("/accounts/login/", {"next": place})["Location"] == "/"  # signed in already


@database
def test_signing_in_leads_back_to_a_page_of_ours(cast: Cast, client: Client) -> None:
    assert sign_in(client, cast.ada, "/me/activity/")["Location"] == "/me/activity/"


@database
def test_a_session_from_before_is_worth_nothing_after_signing_in_or_out(cast: Cast) -> None:
    client = Client()
    client.cookies["sessionid"] = "0123456789abcdefghijklmnopqrstuv"  # given by somebody else, who waits
    sign_in(client, cast.ada)
    hers = client.cookies["sessionid"].value
    assert hers != "0123456789abcdefghijklmnopqrstuv"
    assert client.get("/").status_code == 200
    for key in ("0123456789abcdefghijklmnopqrstuv", hers):
        if key == hers:
            client.post("/accounts/logout/")
        other = Client()
        other.cookies["sessionid"] = key
        assert other.get("/").status_code == 302


@database
def test_signing_out_takes_a_post(cast: Cast, client: Client) -> None:
    client.force_login(cast.admin)
    for address in ("/accounts/logout/", "/admin/logout/"):
        assert client.get(address).status_code == 405
        assert client.get("/").status_code == 200


@database
@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "Forwarded", "X-Host"])
def test_a_mail_names_no_host_that_is_not_ours(cast: Cast, client: Client, header: str) -> None:
    cast.ada.email = "ada@school.example"
    cast.ada.set_password("demo")
    cast.ada.save()
    value = "host=evil.example" if header == "Forwarded" else "evil.example"
    answer = client.post("/accounts/password_reset/", {"email": "ada@school.example"}, headers={header: value})
    assert answer.status_code == (400 if header == "Host" else 302)
    assert len(mail.outbox) == (0 if header == "Host" else 1)
    for sent in mail.outbox:
        assert "http://testserver/" in str(sent.body)
        assert "evil.example" not in str(sent.message())
