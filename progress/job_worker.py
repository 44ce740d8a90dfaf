"""The jobs' worker: does what progress.jobs has written, until it is told to stop.

A worker that is killed leaves its jobs marked as being done. Its heart stops with it, and the next round of any worker
gives them back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import psycopg
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition, Job
from procrastinate.psycopg_connector import PsycopgConnector
from procrastinate.worker import Worker

from progress import database
from progress.ending import AGAIN_SECONDS, end
from progress.failures import in_words

log = logging.getLogger(__name__)

AT_ONCE = 5
"""Jobs at a time: each waits most of the while, for an outside issuer or for a child process."""

HEARTBEAT_SECONDS = 2.0
STALLED_SECONDS = 10.0
"""A worker whose heart is silent for so long is dead. One that only could not reach the database does its job twice."""

GRACE_SECONDS = 20.0
"""How long jobs may go on after a stop; those that take longer are given back. The supervisor waits longer."""

OPEN_SECONDS = 10.0
_AGAIN_SECONDS = 2.0
_LOCK = 0x6A6F6273  # "jobs"


async def work(stopped: asyncio.Event) -> None:
    """Do jobs until stopped; go on by itself once a database that was away is back."""
    failing = False
    while not stopped.is_set():
        connector = PsycopgConnector(conninfo=database.conninfo(), min_size=1, max_size=AT_ONCE + 4)
        try:
            with app.replace_connector(connector):
                # With the database away it waits for a connection: whoever says stop meanwhile does not.
                await _unless_stopped(stopped, _open(connector))
                if stopped.is_set():
                    return
                if failing:
                    log.warning("Jobs are done again")
                failing = False
                await _serve(stopped)
        except (ConnectorException, psycopg.Error, OSError) as error:
            if not failing:
                log.error("Jobs cannot be done", extra={"error": in_words(error)})
            failing = True
        finally:
            await connector.close_async()
        await _unless_stopped(stopped, asyncio.sleep(_AGAIN_SECONDS))


async def _unless_stopped(stopped: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do this to its end, or until stopped; then it is cancelled."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(stopping, working)
    if not working.cancelled():
        working.result()


async def _open(connector: PsycopgConnector) -> None:
    async with asyncio.timeout(OPEN_SECONDS):
        await connector.open_async()


async def _serve(stopped: asyncio.Event) -> None:
    app.perform_import_paths()  # type: ignore[no-untyped-call]
    worker = Worker(
        app,
        name="worker",
        concurrency=AT_ONCE,
        install_signal_handlers=False,
        update_heartbeat_interval=HEARTBEAT_SECONDS,
        stalled_worker_timeout=STALLED_SECONDS,
        shutdown_graceful_timeout=GRACE_SECONDS,
        delete_jobs=DeleteJobCondition.SUCCESSFUL,  # what failed stays, to be looked at
    )
    working = asyncio.create_task(worker.run())  # type: ignore[no-untyped-call]
    giving_back, stopping = asyncio.create_task(_give_back()), asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait([working, giving_back, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(giving_back, stopping)
        # It lets its jobs finish.
        worker.stop()  # type: ignore[no-untyped-call]
        while not working.done():
            if worker.worker_id is None:  # it has only begun, and may wait for a database that is away
                working.cancel()
            await asyncio.wait([working], timeout=AGAIN_SECONDS)
    for each in (working, giving_back):
        if not each.cancelled():
            each.result()


async def _give_back() -> None:
    """Give back, again and again, the jobs of workers that are dead."""
    while True:
        async with database.connection() as connection, connection.transaction():
            cursor = await connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            # One worker at a time: between the look and the giving back nobody else may have begun the job again.
            if (locked := await cursor.fetchone()) is not None and locked[0]:
                for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
                    await _give_back_one(job)
        await asyncio.sleep(HEARTBEAT_SECONDS)


async def _give_back_one(job: Job) -> None:
    log.warning("A job of a dead worker is given back", extra={"job": job.call_string})
    try:
        await app.job_manager.retry_job(job)
    except ConnectorException as error:
        # Not dead after all, only slow: it has ended the job since we looked.
        log.info("It was done meanwhile", extra={"job": job.call_string, "error": in_words(error)})
