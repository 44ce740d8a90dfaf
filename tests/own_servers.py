"""A pytest plugin: PostgreSQL and Valkey of this test run's own, and the environment that settings read.

Loaded with `-p tests.own_servers` (pyproject.toml), before Django reads its settings. Where DATABASE_URL and REDIS_URL
are set, those are used; every key in Redis has a prefix of this run. Of several processes that test side by side each
has a database of its own, and a Valkey too: there are tests that end every connection of a Redis, or look at all of it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import uuid
from pathlib import Path

import pytest

OURS = "TESTS_OWN_REDIS"
"""Names the Valkey that was started here, for the processes that this one starts."""

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
    is_shared = os.environ.get(OURS) == os.environ.get("REDIS_URL") and "PYTEST_XDIST_WORKER" in os.environ
    if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ and not is_shared:
        return
    folder = Path(_running.enter_context(tempfile.TemporaryDirectory(prefix="feed-tests-")))
    if is_shared:
        os.environ["REDIS_URL"] = _running.enter_context(embedded.valkey_alone(folder)).url
        return
    services = _running.enter_context(embedded.services(folder, durable=False))
    os.environ.setdefault("DATABASE_URL", services.database_url)
    if "REDIS_URL" not in os.environ:
        os.environ["REDIS_URL"] = os.environ[OURS] = services.redis_url


def pytest_unconfigure() -> None:
    """End what was started."""
    _running.close()
