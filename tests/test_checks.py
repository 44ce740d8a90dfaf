"""System checks: each finds what it is for, says what to do, and is silent where all is well."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage, Error
from pytest_django import Settings

from consumers import codes
from consumers.checks import check_origins, check_pings
from feed.checks import check_layer, check_redis
from project import checks, public_checks
from tests.live import ROOT
from tests.test_settings import GOOD, start

pytestmark = pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")  # nobody asks it here

CHECKS = [
    check_layer,
    check_redis,
    check_origins,
    check_pings,
    checks.check_mail,
    checks.check_catalogues,
    checks.check_sessions,
    public_checks.check_key,
    public_checks.check_debug,
    public_checks.check_issuer,
    public_checks.check_proxy,
    public_checks.check_way_to_redis,
    public_checks.check_way_to_database,
]
LAYER = "feed.layer.HistoryChannelLayer"
PATIENT = {"socket_connect_timeout": 2, "socket_timeout": 3}
REDIS = "rediss://feed:secret@redis.example:6379/0"
KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def layer(address: str = REDIS, *, backend: str = LAYER, **options: Any) -> dict[str, Any]:
    return {"CHANNEL_LAYERS": {"default": {"BACKEND": backend, "CONFIG": {"hosts": [{"address": address, **options}]}}}}


def more(option: str, value: Any) -> dict[str, Any]:
    changed = layer(**PATIENT)
    changed["CHANNEL_LAYERS"]["default"]["CONFIG"][option] = value
    return changed


def database(**options: str) -> dict[str, Any]:
    return {"DATABASES": {"default": {"HOST": "db.example", "OPTIONS": options}}}


PRODUCTION: dict[str, Any] = {
    "DEBUG": False,
    "DEBUG_IN_PUBLIC": False,
    "SECRET_KEY": KEY,
    "HOST": "0.0.0.0",  # noqa: S104
    "ALLOWED_HOSTS": ["feed.example", ".school.example"],
    "CSRF_TRUSTED_ORIGINS": ["https://*.school.example"],
    "EMAIL_URL": "smtp+tls://mail.example",
    "CERTIFICATE_ISSUER": "https://issuer.example/certificates",
    "CERTIFICATE_ISSUER_TOKEN": "secret",
    "TRUST_FORWARDED_FOR": True,
    "SECURE_SSL_REDIRECT": True,
    "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
    **layer(**PATIENT),
    **database(sslmode="verify-full"),
}
"""All is well."""

LOCAL = {"DEBUG": True, "HOST": "127.0.0.1", "ALLOWED_HOSTS": ["localhost", "127.0.0.1", "[::1]", "feed.localhost"]}

WRONG: list[tuple[str, dict[str, Any]]] = [
    ("feed.E001", layer(backend="channels_redis.pubsub.RedisPubSubChannelLayer", **PATIENT)),
    ("feed.E002", more("symmetric_encryption_keys", ["secret"])),
    ("feed.E003", more("hosts", [{"address": REDIS, **PATIENT}, {"address": REDIS, **PATIENT}])),
    ("feed.E004", more("serializer_format", "json")),
    ("feed.E005", layer()),
    ("feed.E005", layer(socket_timeout=3)),
    ("feed.E005", layer(socket_connect_timeout=2)),
    ("feed.E005", layer(socket_connect_timeout=2, socket_timeout=None)),
    ("feed.E005", layer(f"{REDIS}?socket_timeout=30", **PATIENT)),
    ("feed.E005", {"CHANNEL_LAYERS": {"default": {"BACKEND": LAYER, "CONFIG": {"hosts": ["unix:///run/redis"]}}}}),
    ("feed.E006", layer(f"{REDIS}?ssl_ca_cert=/ca.pem", **PATIENT)),
    ("feed.E006", layer(f"{REDIS}?ssl_ca_certs=/nowhere/ca.pem", **PATIENT)),
    ("feed.E006", layer(f"{REDIS}?ssl_cert_reqs=perhaps", **PATIENT)),
    ("feed.E006", layer(f"{REDIS}?socket_timeout=long", **PATIENT)),
    ("feed.E006", layer("redis://feed:sec/ret@127.0.0.1", **PATIENT)),
    ("feed.E006", layer("redis://127.0.0.1/0?ssl_ca_certs=/ca.pem", **PATIENT)),
    ("consumers.E001", {"ALLOWED_HOSTS": ["*"]}),
    ("consumers.E001", {"ALLOWED_HOSTS": ["feed.example", "."]}),
    ("consumers.E001", {"CSRF_TRUSTED_ORIGINS": ["https://*"]}),
    ("project.W001", {"EMAIL_URL": ""}),
    ("project.E001", {"SESSION_ENGINE": "django.contrib.sessions.backends.cache"}),
    ("project.E002", {"AUTHENTICATION_BACKENDS": ["django.contrib.auth.backends.RemoteUserBackend"]}),
    ("project.E003", {"SECRET_KEY": KEY[:49]}),
    ("project.E003", {"SECRET_KEY": "x" * 60}),
    ("project.E003", {"SECRET_KEY": f"django-insecure-{KEY}"}),
    ("project.E004", {**LOCAL, "HOST": "0.0.0.0"}),  # noqa: S104
    ("project.E004", {**LOCAL, "HOST": "::"}),
    ("project.E004", {**LOCAL, "ALLOWED_HOSTS": ["localhost", "192.0.2.7"]}),
    ("project.E004", {**LOCAL, "ALLOWED_HOSTS": ["*"]}),
    ("project.W002", {"CERTIFICATE_ISSUER_TOKEN": ""}),
    ("project.W003", {"SECURE_PROXY_SSL_HEADER": None}),
    ("project.W004", layer("rediss://redis.example", **PATIENT)),
    ("project.W005", layer(REDIS.replace("rediss", "redis"), **PATIENT)),
    ("project.W005", layer(f"{REDIS}?ssl_cert_reqs=none", **PATIENT)),
    ("project.W005", layer(f"{REDIS}?ssl_check_hostname=false", **PATIENT)),
    ("project.W006", database()),
    ("project.W006", database(sslmode="prefer")),
]

RIGHT: dict[str, dict[str, Any]] = {
    "production": {},
    "one machine": {**LOCAL, "SECRET_KEY": "short", **layer("redis://127.0.0.1:6379/0", **PATIENT)},
    "permitted": {**LOCAL, "HOST": "0.0.0.0", "DEBUG_IN_PUBLIC": True},  # noqa: S104
    "sockets of the machine": {
        **layer("unix:///run/redis.sock", **PATIENT),
        "DATABASES": {"default": {"HOST": "/run/postgresql"}},
    },
    "own certificates": {"CERTIFICATE_ISSUER": "local", "CERTIFICATE_ISSUER_TOKEN": ""},
    "encrypted alone": database(sslmode="require"),
    "less patience": layer(f"{REDIS}?socket_timeout=1", **PATIENT),
    "no proxy": {"TRUST_FORWARDED_FOR": False, "SECURE_PROXY_SSL_HEADER": None},
}


def found(settings: Settings, **changes: Any) -> list[CheckMessage]:
    for name, value in {**PRODUCTION, **changes}.items():
        setattr(settings, name, value)
    return [message for check in CHECKS for message in check()]


@pytest.mark.parametrize(("id", "changes"), WRONG)
def test_what_is_wrong_is_found_alone_with_a_hint(settings: Settings, id: str, changes: dict[str, Any]) -> None:
    (message,) = found(settings, **changes)
    assert message.id == id
    assert isinstance(message, Error) == (".E" in id)
    assert message.hint
    assert not {"secret", "sec/ret", "sec", KEY} & set(re.split(r"[\s:@']", str(message)))


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_passed_in_silence(settings: Settings, name: str) -> None:
    assert found(settings, **RIGHT[name]) == []


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        ("channels.layers.InMemoryChannelLayer", "stays inside one process"),
        ("channels_redis.core.RedisChannelLayer", "drops"),
        ("channels_redis.pubsub.RedisPubSubChannelLayer", "lost in silence"),
    ],
)
def test_it_is_said_what_another_layer_would_lose(settings: Settings, backend: str, said: str) -> None:
    (message,) = found(settings, **layer(backend=backend, **PATIENT))
    assert said in str(message.hint)


@pytest.mark.parametrize(
    ("id", "name", "value"),
    [
        ("consumers.E002", "SILENCE_SECONDS", codes.PING_SECONDS),
        ("consumers.E002", "PING_SECONDS", codes.SILENCE_SECONDS),
        ("consumers.E003", "DAPHNE_PING_TIMEOUT", codes.DAPHNE_PING_SECONDS),
        ("consumers.E003", "DAPHNE_PING_TIMEOUT", codes.DAPHNE_PING_SECONDS + 1),
    ],
)
def test_heartbeats_that_end_healthy_sockets_are_found(
    monkeypatch: pytest.MonkeyPatch, id: str, name: str, value: float
) -> None:
    monkeypatch.setattr(codes, name, value)
    assert [message.id for message in check_pings()] == [id]


def test_every_check_of_ours_is_in_the_table_of_operations_and_none_else() -> None:
    rows = set(re.findall(r"^\| `(\w+\.[EW]\d{3})` \|", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE))
    sources = [path for package in ("project", "consumers", "feed") for path in Path(ROOT / package).glob("*checks.py")]
    assert rows == {id for path in sources for id in re.findall(r'id="(\w+\.[EW]\d{3})"', path.read_text())}


@pytest.mark.parametrize(
    "command",
    [("-m", "project.server"), ("manage.py", "worker"), ("manage.py", "migrate")],
    ids=["web", "worker", "migrate"],
)
def test_where_something_is_wrong_nothing_starts_and_it_is_said(command: tuple[str, ...]) -> None:
    environment = {**GOOD, "SECRET_KEY": KEY, "ALLOWED_HOSTS": "*", "PORT": "0"}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "(consumers.E001)" in done.stderr
    assert "HINT: Name the hosts" in done.stderr
    assert "Traceback" not in done.stderr


def test_ways_to_services_are_looked_at_where_a_deployment_is_checked() -> None:
    say = (
        "import django; django.setup(); from django.core import checks;"
        "print([sorted(m.id for m in checks.run_checks(include_deployment_checks=deploy)) for deploy in (False, True)])"
    )
    changes = {"SECRET_KEY": KEY, "EMAIL_URL": "smtp://mail.example", "DATABASE_URL": "postgres://u:p@db.example/x"}
    done = start(say, **changes, REDIS_URL="redis://redis.example")
    assert done.stdout.strip() == "[[], ['project.W004', 'project.W005', 'project.W006']]", done.stderr
