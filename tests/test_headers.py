"""Headers: every answer of every address says what browsers may do with it, and says it of the right place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse
from pytest_django import Settings

from progress import overview
from progress.models import Lesson
from tests import test_roles
from tests.cast import Cast
from tests.test_roles import OPERATIONS, PAGES, addresses, browser_of, table
from tests.test_settings import start

pytestmark = pytest.mark.django_db(transaction=True)
school = test_roles.school

OWN = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "media-src": "'self'",
    "connect-src": "'self' ws://testserver",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}
ADMIN_SITE = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
API_DOCS = {**ADMIN_SITE, "img-src": "'self' data:"}
MEDIA = {"video", "captions", "poster"}


def policy_of(answer: Any) -> dict[str, str]:
    """The content security policy, by directive; no answer has two."""
    assert "," not in answer["Content-Security-Policy"]
    return dict(part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; "))


def assert_has(answer: Any, policy: dict[str, str], *, keeps: str = "no-store", plays: bool = False) -> None:
    """The answer has this policy, and every other header."""
    where = f"{answer.request['PATH_INFO']} {answer.status_code}"
    assert policy_of(answer) == policy, where
    got = {name: answer.get(name) for name in ("X-Content-Type-Options", "Cross-Origin-Resource-Policy")}
    assert got == {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}, where
    assert (answer["Referrer-Policy"], answer["Cross-Origin-Opener-Policy"]) == ("same-origin", "same-origin"), where
    assert keeps in answer["Cache-Control"], where
    allowed = dict(part.split("=") for part in answer["Permissions-Policy"].split(", "))
    players = {"autoplay", "fullscreen", "picture-in-picture"}
    assert {name for name, value in allowed.items() if value != "()"} == (players if plays else set()), where
    assert {"camera", "microphone", "geolocation", "payment", "usb", "display-capture"} <= allowed.keys()


def patterns(of: list[Any]) -> Iterator[URLPattern]:
    """All patterns, also those of included lists."""
    for each in of:
        if isinstance(each, URLResolver):
            yield from patterns(each.url_patterns)
        else:
            yield each


# Places


@pytest.mark.parametrize("role", ["anonymous", "ada", "admin"])
def test_every_page_has_our_own_policy_whatever_it_answers(school: dict[str, Any], cast: Cast, role: str) -> None:
    client, seen = browser_of(cast, role), set()
    for each in addresses():
        named = {name: school[name] for name in each.pattern.converters}
        answer: Any = client.get(reverse(str(each.name), kwargs=named))
        keeps = "private" if each.name in MEDIA else "no-store"
        assert_has(answer, OWN, keeps=keeps, plays=each.name == "lesson")
        assert answer.get("X-Frame-Options") == "DENY"
        seen.add(each.name)
    assert seen == set(table(PAGES, words=1))


@pytest.mark.parametrize("role", ["anonymous", "ada", "admin"])
def test_every_page_of_the_admin_site_has_its_policy(school: dict[str, Any], cast: Cast, role: str) -> None:
    client, names = browser_of(cast, role), set()
    for each in patterns(admin.site.urls[0]):
        if each.name:
            values = {"object_id": str(cast.bernoulli.pk), "content_type_id": "1", "app_label": "progress"}
            places = [values.get(name, "1") for name in each.pattern.regex.groupindex]
            assert_has(client.get(reverse(f"admin:{each.name}", args=places)), ADMIN_SITE)
            names.add(each.name)
    assert {"index", "login", "jsi18n", "progress_user_import", "progress_lesson_change"} <= names
    assert_has(client.get("/admin/nowhere/"), ADMIN_SITE)


def test_every_answer_of_the_api_has_our_own_policy_and_its_page_one_of_its_own(
    school: dict[str, Any], cast: Cast
) -> None:
    for client in (browser_of(cast, "anonymous"), browser_of(cast, "ada")):
        for operation in table(OPERATIONS, words=2):
            method, path = operation.split()
            address = "/api" + path.replace("int:", "").format(**school)
            assert_has(client.generic(method, address, b"", "application/json"), OWN)
        assert_has(client.get("/api/openapi.json"), OWN)
        assert_has(client.get("/api/nowhere/"), OWN)
        assert_has(client.get("/api/docs"), API_DOCS)


def test_static_files_have_it_too_and_are_for_our_pages_alone(client: Client, settings: Settings) -> None:
    settings.SERVESTATIC_USE_FINDERS = True
    answer = client.get("/static/js/socket.js")
    assert answer.status_code == 200
    assert_has(answer, OWN, keeps="public")
    assert "Access-Control-Allow-Origin" not in answer
    assert_has(client.get("/static/js/nowhere.js"), OWN)


def test_media_have_it_in_whatever_part_they_are_asked_for(school: dict[str, Any], cast: Cast) -> None:
    client = browser_of(cast, "ada")
    video = "/courses/algorithms/bernoulli/video/"
    for headers, status in (
        ({"Range": "bytes=0-1"}, 206),
        ({"Range": "bytes=99-"}, 416),
        ({"If-None-Match": "*"}, 304),
    ):
        answer = client.get(video, headers=headers)
        assert answer.status_code == status
        assert_has(answer, OWN, keeps="private")
        assert "Cookie" in answer["Vary"]  # whoever uses the browser next gets nothing out of its cache


# Where something goes wrong


def test_error_pages_have_it(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client = browser_of(cast, "ada")

    def fail(*_: Any) -> None:
        raise RuntimeError("for this test")

    monkeypatch.setattr(overview, "of_studies", fail)
    strict = Client(enforce_csrf_checks=True)
    answers: dict[int, HttpResponseBase] = {
        500: client.get("/"),
        404: client.get("/nowhere/"),
        403: client.get("/dashboard/"),
        405: client.get("/accounts/logout/"),
        400: client.get("/", headers={"Host": "evil.example"}),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert_has(answer, OWN if status != 400 else {**OWN, "connect-src": "'self'"})
    refused = strict.post("/accounts/login/", {"username": "ada", "password": "demo"})
    assert refused.status_code == 403
    assert_has(refused, OWN)


def test_redirects_have_it(cast: Cast, settings: Settings) -> None:
    assert_has(browser_of(cast, "ada").get("/dashboard"), OWN)
    settings.SECURE_SSL_REDIRECT = True
    fresh = Client()
    answer = fresh.get("/dashboard/")
    assert answer["Location"] == "https://testserver/dashboard/"
    assert policy_of(answer) == OWN
    assert answer["Cache-Control"] == "no-store"
    bad: Any = fresh.get("/", headers={"Host": "evil.example"})
    assert bad.status_code == 400
    assert policy_of(bad) == {**OWN, "connect-src": "'self'"}
    assert bad["X-Content-Type-Options"] == "nosniff"


# Addresses in policies


def test_over_https_the_policy_names_the_secure_socket_and_hsts_is_said(client: Client, settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS = 60
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    answer = Client().get("/accounts/login/", secure=True, headers={"Host": "testserver:8443"})
    assert policy_of(answer)["connect-src"] == "'self' wss://testserver:8443"
    assert answer["Strict-Transport-Security"] == "max-age=60; includeSubDomains"
    assert "Strict-Transport-Security" not in Client().get("/accounts/login/")


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("https://media.example/a.mp4?b;c", "https://media.example"),
        ("https://Media.example:8443/a.mp4", "https://media.example:8443"),
        ("https://müller.example/a.mp4", "https://xn--mller-kva.example"),
        ("https://фильм.example/a.mp4", "https://xn--h1agd3a5b.example"),  # not latin-1: Django would encode the header
        ("https://[2001:db8::1]:8443/a.mp4", "https://[2001:db8::1]:8443"),
        ("https://media.example; script-src *", None),  # from elsewhere than our form
        ("https://me:secret@media.example/a.mp4", "https://media.example"),
    ],
)
def test_a_video_elsewhere_changes_nothing_of_the_policy_but_where_media_come_from(
    cast: Cast, address: str, source: str | None
) -> None:
    Lesson.objects.filter(pk=cast.bernoulli.pk).update(video_address=address)
    answer = browser_of(cast, "ada").get("/courses/algorithms/bernoulli/")
    assert policy_of(answer) == {**OWN, "media-src": " ".join(filter(None, ["'self'", source]))}


# Cookies


def test_no_script_reads_a_cookie_and_no_other_site_sends_one_with_a_post(cast: Cast, client: Client) -> None:
    cast.ada.set_password("demo 7 demo")
    cast.ada.save()
    client.get("/accounts/login/")
    answer = client.post("/accounts/login/", {"username": "ada", "password": "demo 7 demo"})
    assert answer.status_code == 302
    assert set(client.cookies) == {"sessionid", "csrftoken"}
    for cookie in client.cookies.values():
        assert (cookie["httponly"], cookie["samesite"], cookie["domain"]) == (True, "Lax", "")


def test_in_production_everything_is_for_https_alone() -> None:
    code = (
        "from project import settings as s; print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT,"
        " s.SECURE_HSTS_SECONDS, s.SECURE_HSTS_INCLUDE_SUBDOMAINS)"
    )
    assert start(code).stdout.split() == ["True", "True", "True", "31536000", "True"]
    eased = start(code, SECURE_SSL_REDIRECT="false", SECURE_HSTS_SECONDS="0")
    assert eased.stdout.split()[:4] == ["True", "True", "False", "0"]
