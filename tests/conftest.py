"""Fixtures that every test may ask for: the cast, and the loops' connections let go at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.utils import timezone, translation

from consumers import hub
from consumers.ops.registry import registry
from progress import database, recorder
from tests.cast import Cast, made
from tests.live import Live, Site

SLOW = {"live", "site", "cable", "valkey", "postgres", "begin", "hurried", "delivery"}
"""Fixtures of tests that run processes and browsers."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: with several processors the quick ones then fill what time is left on each."""
    slow = {item.path for item in items if SLOW & set(getattr(item, "fixturenames", ()))}
    items.sort(key=lambda item: item.path not in slow)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what tests have measured, of those that passed too."""
    for report in [each for how in ("passed", "failed") for each in terminalreporter.getreports(how)]:
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture(autouse=True)
def nobodys_language() -> Iterator[None]:
    """Every request activates its own language and time zone, and leaves them so: here the next test has neither."""
    yield
    translation.deactivate()
    timezone.deactivate()


@pytest.fixture
def cast(db: None) -> Cast:
    """The people and courses of the tests."""
    return made()


@pytest_asyncio.fixture
async def loop_services() -> AsyncIterator[None]:
    """Connections of this loop for the length of a test, as a web process has them."""
    await database.open_pool()
    yield
    await recorder.idle()
    await hub.stop()
    await database.close()
    await sync_to_async(connections.close_all)()


@pytest.fixture(scope="session")
def site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two web processes and a worker on this run's database and Redis."""
    folder: Path = tmp_path_factory.mktemp("site")
    with Site(folder) as running:
        yield running


@pytest.fixture(scope="module")
def nobody_else_tells(site: Site) -> Iterator[None]:
    """Without the site's worker: it would tell what waits in this database, and hold the sweepers' lock meanwhile."""
    with site.without_worker():
        yield


@pytest.fixture
def patient_flush(transactional_db: None) -> Iterator[None]:
    """The emptying of the database after a test waits for a worker that is still telling, and is never the one of two
    that PostgreSQL ends for a deadlock: that is whoever has waited for `deadlock_timeout` first."""
    yield
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('deadlock_timeout', '20s', false) WHERE current_setting('is_superuser')::bool"
        )


@pytest_asyncio.fixture
async def nobody_missed(site: Site, loop_services: None) -> None:
    """Of a process that was killed and not replaced, operators are told for ten minutes: here of no other test's."""
    for told in await registry().look():
        if not told.ended and not Path(f"/proc/{told.report.pid}").exists():
            await registry().forget(told.report.id)


@pytest_asyncio.fixture
async def live(patient_flush: None, cast: Cast, site: Site, loop_services: None) -> AsyncIterator[Live]:
    """The running site, with the cast in its database and clients for it."""
    async with Live(site) as clients:
        yield clients
