"""Every fault that can be injected is named within five seconds, by /ops/ and by the doctor's look, and goes away.

A site of its own: Redis and the way to the database are its own, so that either can fail. What takes a minute to be
counted as over takes some seconds here, and what is long is long sooner; nothing else is other than at a school.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import pytest_asyncio
import redis
from psycopg.conninfo import conninfo_to_dict

from consumers.ops import orders, redis_facts, registry
from consumers.ops.rules import database, delivery, processes
from consumers.ops.symptoms import IDS
from feed.layer import loop_layer
from progress import database as ways
from project.embedded import Valkey
from tests import injected
from tests.cable import Cable, address_through
from tests.cast import Cast
from tests.faults import valkey_of_its_own
from tests.injected import OVER_WITHIN, Fault, OwnLoop, Place
from tests.live import Live, Site, address_of_test_database

NAMED_WITHIN = 5.0

HURRIED = """
from project.server import main
from consumers.ops import lately
from consumers.ops.rules import database, delivery, processes
lately.SECONDS = 4.0
delivery.GAPS_A_MINUTE, processes.LIMITS_A_MINUTE = 0.2, 2.0
delivery.UNSENT_BYTES, processes.DRAINING_SECONDS = 32 * 1024, 2.0
database.TRANSACTION_SECONDS = database.IDLE_SECONDS = 2.0
main()
"""


class HurriedSite(Site):
    """A site for which a minute is short."""

    web_command = (sys.executable, "-c", HURRIED)


@pytest.fixture(scope="module")
def grounds(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Valkey]]:
    folder = tmp_path_factory.mktemp("ops")
    with site.without_worker(), valkey_of_its_own(folder / "valkey") as valkey:
        yield folder, valkey


@pytest.fixture(scope="module")
def running(grounds: tuple[Path, Valkey]) -> Iterator[tuple[Site, Valkey, Cable, OwnLoop]]:
    folder, valkey = grounds
    known = conninfo_to_dict(address_of_test_database())
    cable = Cable(str(known["host"]), int(known["port"] or 5432))

    async def lay() -> None:
        await cable.__aenter__()

    with OwnLoop() as aside:
        aside.run(lay())
        own = HurriedSite(folder, redis_url=valkey.url)
        own.environment["DATABASE_URL"] = address_through(cable, address_of_test_database())
        try:
            with own:
                yield own, valkey, cable, aside
        finally:
            aside.run(cable.__aexit__())


@pytest_asyncio.fixture
async def place(
    patient_flush: None,
    cast: Cast,
    running: tuple[Site, Valkey, Cable, OwnLoop],
    loop_services: None,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Place]:
    own, valkey, cable, aside = running
    async with (
        Live(own) as live,
        live.socket("/ws/ops/", cast.olga) as page,
        redis.asyncio.Redis.from_url(valkey.url, socket_timeout=3) as client,
    ):
        # The doctor of this site, in this process.
        of_this_site = SimpleNamespace(client=client, prefix=loop_layer().prefix)
        for each in (orders, redis_facts, registry):
            monkeypatch.setattr(each, "loop_layer", lambda: of_this_site)
        monkeypatch.setattr(ways, "conninfo", lambda: address_through(cable, address_of_test_database()))
        monkeypatch.setattr(delivery, "GAPS_A_MINUTE", 0.2)
        monkeypatch.setattr(delivery, "UNSENT_BYTES", 32 * 1024)
        monkeypatch.setattr(processes, "LIMITS_A_MINUTE", 2.0)
        monkeypatch.setattr(processes, "DRAINING_SECONDS", 2.0)
        monkeypatch.setattr(database, "TRANSACTION_SECONDS", 2.0)
        monkeypatch.setattr(database, "IDLE_SECONDS", 2.0)
        made = Place(live, valkey, cable, aside, page)
        await made.until_well(25)
        yield made


FAULTS: dict[str, tuple[Fault, set[str]]] = {
    "Redis is killed": (injected.redis_killed, {"redis_away"}),
    "Redis hangs": (injected.redis_hangs, {"redis_away"}),
    "Redis takes our rights": (injected.redis_takes_our_rights, {"redis_refuses"}),
    "Redis has no memory left": (injected.redis_is_set(maxmemory=1), {"redis_full"}),
    "Redis is nearly full": (injected.redis_nearly_full, {"redis_memory"}),
    "Redis evicts": (injected.redis_evicts, {"redis_evicts"}),
    "Redis is a replica": (injected.redis_is_a_replica, {"redis_replica"}),
    "somebody listens and does not read": (injected.listener_does_not_read, {"redis_buffers"}),
    "Redis may evict us": (injected.redis_is_set(maxmemory="1gb", maxmemory_policy="volatile-lru"), {"redis_policy"}),
    "Redis cannot save": (injected.redis_cannot_save, {"redis_save_fails"}),
    "Redis is flushed": (injected.redis_flushed, {"histories_lost"}),
    "Redis drops whoever listens": (injected.redis_drops_whoever_listens, {"gaps"}),
    "the database is away": (injected.database_cut, {"database_away"}),
    "a transaction holds a row": (injected.row_locked, {"locks_waiting", "idle_in_transaction", "long_transaction"}),
    "commits take long": (injected.slow_commits, {"database_slow"}),
    "a web process is killed": (injected.killed("web1"), {"process_silent"}),
    "the worker died at work": (injected.worker_died_at_work, {"no_worker", "jobs_stuck", "jobs_waiting"}),
    "a web process takes long to end": (injected.web_takes_long_to_end, {"process_draining"}),
    "a web process hangs": (injected.web_hangs, {"process_silent"}),
    "a web process hung for a second": (injected.web_hung, {"loop_late"}),
    "a process is of another version": (injected.version_differs, {"versions_differ"}),
    "the outbox is full": (injected.outbox_full, {"outbox_old"}),
    "a job failed": (injected.job_failed, {"jobs_failed"}),
    "a page is out of its mind": (injected.limit_met, {"limits_met"}),
    "a reader is dead": (injected.reader_is_dead, {"viewers_behind", "unsent_bytes"}),
}
"""What is done, and what is said of it."""

TOGETHER = [
    ["Redis may evict us", "Redis cannot save", "a job failed", "the outbox is full", "a page is out of its mind"],
    ["a process is of another version", "Redis is flushed", "a web process hung for a second"],
    ["a web process is killed", "the worker died at work"],
    ["a transaction holds a row", "a reader is dead"],
    ["somebody listens and does not read", "a web process takes long to end"],
]
"""Faults that do not hide each other: several at once are what a bad night is like."""

ALONE = [[fault] for fault in FAULTS if not any(fault in several for several in TOGETHER)]


@pytest.mark.parametrize("faults", TOGETHER + ALONE, ids=" and ".join)
async def test_a_fault_is_named_within_five_seconds_and_goes_away_with_it(
    place: Place, cast: Cast, faults: list[str]
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for fault in faults:
            inject, expected = FAULTS[fault]
            assert expected <= set(IDS)
            began = time.time()
            await stack.enter_async_context(inject(place, cast))
            await named(place, expected, began=began)
    await place.until_well(OVER_WITHIN)


async def named(place: Place, expected: set[str], *, began: float) -> None:
    """See that the page and the doctor name all of these in time, now that the fault is there."""
    since = time.time()
    by_doctor: set[str] = set()
    by_page: set[str] = set()
    while not (expected <= by_doctor and expected <= by_page):
        late = time.time() - since
        assert late < NAMED_WITHIN, f"{expected}: the page said {by_page}, the doctor {by_doctor}"
        by_doctor |= await place.doctor()
        for frame in place.page.of("ops"):
            if datetime.fromisoformat(frame["at"]).timestamp() > began:
                by_page |= {each["key"] for each in frame["symptoms"]}
        await asyncio.sleep(0.05)


async def test_progress_that_is_not_acked_is_said(place: Place, cast: Cast) -> None:
    async with injected.row_locked(place, cast):
        # For three seconds it may be the next commit's turn still, and the process says so within two.
        async with asyncio.timeout(10):
            while "reports_unacked" not in place.said or "reports_unacked" not in await place.doctor():
                await asyncio.sleep(0.05)
    await place.until_well(OVER_WITHIN)
