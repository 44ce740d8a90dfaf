"""The worker: begins and ends whatever the database does."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from progress import database, job_worker, recorder, school
from progress.ending import end
from progress.models import LessonQuiz, UserProgress
from progress.ticks import Tick
from tests.cast import Cast
from tests.live import ROOT, Live, Site, free_port, until


async def test_with_the_database_away_it_says_so_once_and_ends_when_told(tmp_path: Path) -> None:
    site = Site(tmp_path, webs=0)
    site.environment["DATABASE_URL"] = f"postgresql://feed:x@127.0.0.1:{free_port()}/feed"
    site.start("worker")
    try:
        await until(lambda: "Jobs cannot be done" in site.log("worker"), within=60)
        began = time.monotonic()
    finally:
        assert await asyncio.to_thread(site.end, "worker") == 0
    assert time.monotonic() - began < 20  # the sweeper may wait for a connection for ten
    assert site.log("worker").count("Jobs cannot be done") == 1


async def test_told_to_end_at_any_moment_of_its_beginning_it_ends(tmp_path: Path, live: Live, cast: Cast) -> None:
    """Each time a little later; before it listens to signals at all, the signal ends it as it ends anybody."""
    for tenths in range(5, 15, 2):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "manage.py", "worker", cwd=ROOT, env=live.site.environment
        )
        try:
            await asyncio.wait_for(process.wait(), tenths / 10)
            pytest.fail("it ended before it was told")
        except TimeoutError:
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 10) in (0, -signal.SIGTERM)


async def test_a_lost_cancellation_does_not_keep_it(
    patient_flush: None, loop_services: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool of connections may swallow one; a worker that had just begun served on for ever then."""
    stopped, begun = asyncio.Event(), asyncio.Event()
    prune = job_worker.app.job_manager.prune_stalled_workers

    async def slow(*arguments: Any) -> Any:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        return await prune(*arguments)

    async def begun_and_stopped() -> None:
        await begun.wait()
        stopped.set()

    monkeypatch.setattr("procrastinate.manager.JobManager.prune_stalled_workers", lambda _self, *given: slow(*given))
    async with asyncio.timeout(10):
        await asyncio.gather(job_worker.work(stopped), begun_and_stopped())


async def test_a_task_is_cancelled_until_it_has_ended() -> None:
    lost = 0

    async def deaf() -> None:
        nonlocal lost
        while lost < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                lost += 1
        await asyncio.sleep(60)

    async def failing() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise OSError

    tasks = [asyncio.create_task(each()) for each in (deaf, failing)]
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await end(*tasks)
    assert (lost, tasks[0].cancelled(), type(tasks[1].exception())) == (2, True, OSError)
    await end()


async def test_connections_that_the_database_ends_are_made_anew_and_jobs_go_on(live: Live, cast: Cast) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND (query ILIKE '%procrastinate%' OR query ILIKE 'LISTEN%')"
        )
    quiz = await LessonQuiz.objects.acreate(lesson=cast.bernoulli, title="Quiz", required=True)
    await recorder.record([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
    quiz.required = False
    await sync_to_async(school.save_quiz)(quiz)
    async with asyncio.timeout(30):
        while not (await UserProgress.objects.aget()).completed:
            await asyncio.sleep(0.05)
