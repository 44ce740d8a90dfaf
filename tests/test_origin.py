"""Origin: a socket is opened by our own pages only."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from consumers.origin import OwnOriginOnly, is_ours


@pytest.fixture(autouse=True)
def school(settings: Settings) -> Settings:
    """A site under one name, trusting nobody else, without a proxy before it."""
    settings.ALLOWED_HOSTS = ["school.example", "127.0.0.1", "[::1]", ".campus.example"]
    settings.CSRF_TRUSTED_ORIGINS = []
    settings.SECURE_PROXY_SSL_HEADER = None
    settings.DEBUG = False
    return settings


@pytest.mark.parametrize(
    ("origin", "host", "secure"),
    [
        ("https://school.example", "school.example", True),
        ("http://school.example", "school.example", False),
        ("https://school.example:443", "school.example", True),
        ("https://school.example", "school.example:443", True),
        ("http://school.example:80", "school.example", False),
        ("https://school.example:8443", "school.example:8443", True),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", False),
        ("http://[::1]:8000", "[::1]:8000", False),
        ("https://School.Example", "SCHOOL.example", True),
        ("https://maths.campus.example", "maths.campus.example", True),
    ],
)
def test_the_address_that_the_request_came_to_is_ours(origin: str, host: str, secure: bool) -> None:
    assert is_ours(origin, host=host, secure=secure)


@pytest.mark.parametrize(
    ("origin", "host", "secure"),
    [
        ("https://evil.example", "school.example", True),
        ("http://school.example", "school.example", True),  # another scheme
        ("https://school.example", "school.example", False),
        ("https://school.example:8443", "school.example", True),  # another port
        ("https://school.example", "school.example:8443", True),
        ("http://127.0.0.1:8001", "127.0.0.1:8000", False),
        ("https://school.example.evil.example", "school.example", True),
        ("https://evilschool.example", "school.example", True),
        ("https://evil.example#school.example", "school.example", True),
        ("https://school.example@evil.example", "school.example", True),
        ("https://botany.campus.example", "maths.campus.example", True),
        ("https://www.school.example", "school.example", True),  # a subdomain, and the domain above
        ("https://campus.example", "maths.campus.example", True),
        ("https://127.0.0.1", "school.example", True),  # allowed as a host, but not where this request came
    ],
)
def test_another_address_is_not_ours(origin: str, host: str, secure: bool) -> None:
    assert not is_ours(origin, host=host, secure=secure)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "school.example",
        "//school.example",
        "https://",
        "https:",
        "://school.example",
        "file://school.example",
        "file:///index.html",
        "chrome-extension://school.example",
        "ws://school.example",
        "wss://school.example",
        "javascript:alert(1)",
        "https://school.example:port",
        "https://school.example:99999",
        "https://[::1",
        "https://[school.example]",
        "é",
        "\x00",
    ],
)
def test_what_is_no_web_origin_is_not_ours(origin: str) -> None:
    assert not is_ours(origin, host="school.example", secure=True)


@pytest.mark.parametrize("host", ["", "evil.example", "[::1", "school.example:port", "a b", "evil.example:443", "@"])
def test_a_host_that_is_not_allowed_makes_nothing_ours(host: str) -> None:
    assert not is_ours("https://evil.example", host=host, secure=True)
    assert not is_ours(f"https://{host}", host=host, secure=True)


def test_even_where_any_host_is_allowed_a_foreign_origin_is_not_ours(school: Settings) -> None:
    school.ALLOWED_HOSTS = ["*"]
    assert is_ours("https://anything.example", host="anything.example", secure=True)
    assert not is_ours("https://evil.example", host="anything.example", secure=True)
    assert not is_ours("https://evil.example", host="", secure=True)
    assert not is_ours("", host="", secure=True)


def test_while_developing_the_own_machine_is_allowed(school: Settings) -> None:
    school.ALLOWED_HOSTS = []
    assert not is_ours("http://localhost:8000", host="localhost:8000", secure=False)
    school.DEBUG = True
    assert is_ours("http://localhost:8000", host="localhost:8000", secure=False)
    assert is_ours("http://[::1]:8000", host="[::1]:8000", secure=False)
    assert not is_ours("http://evil.example", host="evil.example", secure=False)


@pytest.mark.parametrize(
    ("origin", "trusted"),
    [
        ("https://portal.example", True),
        ("https://portal.example:443", True),
        ("http://portal.example", False),
        ("https://portal.example:8443", False),
        ("https://sub.portal.example", False),
        ("https://evilportal.example", False),
        ("https://a.pages.example", True),
        ("https://a.b.pages.example", True),
        ("https://evilpages.example", False),
        ("https://pages.example.evil.example", False),
        ("http://a.pages.example", False),
        ("https://a.pages.example:8443", False),
        ("http://dev.example:3000", True),
        ("http://dev.example", False),
        ("http://x.lab.example:3000", True),
        ("http://x.lab.example", False),
    ],
)
def test_trusted_origins_are_ours_by_scheme_host_and_port(school: Settings, origin: str, trusted: bool) -> None:
    school.CSRF_TRUSTED_ORIGINS = [
        "https://portal.example",
        "https://*.pages.example",
        "http://dev.example:3000",
        "http://*.lab.example:3000",
    ]
    assert is_ours(origin, host="school.example", secure=True) is trusted


# At the door


class Door:
    """The application behind, and what was answered instead of it."""

    def __init__(self) -> None:
        self.entered = False
        self.answers: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.entered = True

    async def open(self, *headers: tuple[bytes, bytes], scheme: str = "wss") -> None:
        """Open a socket with these headers."""

        async def receive() -> dict[str, str]:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            self.answers.append(message)

        scope = {"type": "websocket", "scheme": scheme, "headers": [(b"host", b"school.example"), *headers]}
        await OwnOriginOnly(self)(scope, receive, send)


async def test_our_own_page_is_let_in() -> None:
    door = Door()
    await door.open((b"origin", b"https://school.example"))
    assert door.entered
    assert door.answers == []


@pytest.mark.parametrize(
    "headers", [[], [(b"origin", b"")], [(b"origin", b"null")], [(b"origin", b"https://evil.example")]]
)
async def test_a_foreign_or_missing_origin_is_refused_before_accepting(headers: list[tuple[bytes, bytes]]) -> None:
    door = Door()
    await door.open(*headers)
    assert not door.entered
    assert door.answers == [{"type": "websocket.close"}]  # before accepting: HTTP 403


@pytest.mark.parametrize("origin", [b"https://\xff\xfe", b"\xe9"])
async def test_an_origin_of_strange_bytes_is_refused(origin: bytes) -> None:
    door = Door()
    await door.open((b"origin", origin))
    assert not door.entered


async def test_behind_a_proxy_its_word_for_the_scheme_counts(school: Settings) -> None:
    school.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    for said, entered in ((b"https", True), (b"https, http", True), (b"http", False)):
        door = Door()
        await door.open((b"origin", b"https://school.example"), (b"x-forwarded-proto", said), scheme="ws")
        assert door.entered is entered, said


async def test_without_a_proxy_nobody_else_says_the_scheme() -> None:
    door = Door()
    await door.open((b"origin", b"https://school.example"), (b"x-forwarded-proto", b"https"), scheme="ws")
    assert not door.entered
