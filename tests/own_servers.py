"""A pytest plugin: PostgreSQL and Valkey of this test run's own, and the environment that settings read.

Loaded with `-p tests.own_servers` (pyproject.toml), before Django reads its settings. Where DATABASE_URL and REDIS_URL
are set, those are used; every key in Redis has a prefix of this run.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import uuid
from pathlib import Path

import pytest

_running = contextlib.ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Compile the catalogues, start what is not given, and say it to settings."""
    from project import catalogues, embedded

    catalogues.compile_all()
    os.environ.setdefault("SECRET_KEY", "for tests only")
    os.environ.setdefault("DEBUG", "true")
    os.environ["REDIS_PREFIX"] = f"test{uuid.uuid4().hex[:8]}"
    os.environ["MEDIA_ROOT"] = _running.enter_context(tempfile.TemporaryDirectory(prefix="feed-media-"))
    if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
        return
    folder = _running.enter_context(tempfile.TemporaryDirectory(prefix="feed-tests-"))
    services = _running.enter_context(embedded.services(Path(folder), durable=False))
    os.environ.setdefault("DATABASE_URL", services.database_url)
    os.environ.setdefault("REDIS_URL", services.redis_url)


def pytest_unconfigure() -> None:
    """End what was started."""
    _running.close()
