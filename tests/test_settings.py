"""Settings: a wrong variable stops the start with its name and what it needs; what libpq knows reaches both ways in."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.live import ROOT

GOOD = {
    "SECRET_KEY": "x" * 60,
    "DEBUG": "false",
    "ALLOWED_HOSTS": "feed.example",
    "DATABASE_URL": "postgres://u:p@127.0.0.1:1/x",
    "REDIS_URL": "redis://127.0.0.1:1",
}


def start(code: str = "import project.settings", **changes: str) -> subprocess.CompletedProcess[str]:
    """Import the settings in a process of their own."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    environment = {**kept, **GOOD, **changes, "DJANGO_SETTINGS_MODULE": "project.settings"}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("DEBUG", "perhaps"),
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "mysql://u@h/x"),
        ("REDIS_URL", "localhost"),
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("PORT", "80.5"),
        ("PROGRESS_MAX_RATE", "0.5"),
        ("PROGRESS_MAX_RATE", "nan"),
        ("PROGRESS_ACCEPT_CLAIMS", "2"),
        ("LIMIT_FRAME_BYTES", "-1"),
        ("LOG_LEVEL", "LOUD"),
        ("TRUST_FORWARDED_FOR", "x-real-ip"),
    ],
)
def test_a_wrong_variable_stops_the_start_with_its_name(name: str, value: str) -> None:
    done = start(**{name: value})
    assert done.returncode != 0
    assert f"ImproperlyConfigured: {name} must " in done.stderr


def test_good_ones_start() -> None:
    assert start().returncode == 0


def test_tls_options_of_the_address_reach_the_orm_and_the_recorder() -> None:
    code = (
        "import django; django.setup(); from django.db import connections; from progress import database;"
        "print(connections['default'].get_connection_params()['sslmode'], database.conninfo())"
    )
    done = start(code, DATABASE_URL="postgres://u:p@127.0.0.1:1/x?sslmode=verify-full&sslrootcert=/ca.pem")
    assert done.stdout.startswith("verify-full "), done.stderr
    assert "sslmode=verify-full" in done.stdout
    assert "sslrootcert=/ca.pem" in done.stdout
