"""A rolling restart under load: no entry is lost, nobody begins anew, and the crowd does not come back in one instant.

Two web processes, students who send ticks all the while, and viewers on both, who follow as the browser's scripts do
and, as behind a balancer, take the other process where one is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio
from asgiref.sync import sync_to_async

from progress import database
from progress.models import Exam, User
from tests.cast import Cast
from tests.entrance import Follower
from tests.faults import Class, class_at_work
from tests.live import WITHIN, Live, Site, until
from tests.papers import ask

STAFF = 10
SOCKETS_EACH = 4
"""With the students' own feeds, a hundred viewers, and the three of every class at work."""

PACE = 0.3

ENDS_WITHIN = 30
INSTANT = 0.1
MOST_AT_ONCE = 0.5
"""The share of a crowd that may come back within any such instant: a random wait of up to half a second makes it 20 %,
and five standard deviations more, for a crowd of fifty, 48 %."""


@pytest_asyncio.fixture
async def at_work(transactional_db: None, cast: Cast, loop_services: None, tmp_path: Path) -> AsyncIterator[Class]:
    own = Site(tmp_path)
    await asyncio.to_thread(own.__enter__)
    try:
        async with Live(own) as live, class_at_work(live, cast, pace=PACE) as at_work:
            yield at_work
    finally:
        await asyncio.to_thread(own.__exit__)


def colleagues(cast: Cast) -> tuple[list[User], list[User]]:
    """More administrators, and more instructors of the same course."""
    administrators = [User.objects.create(username=f"admin{number}", is_superuser=True) for number in range(STAFF)]
    instructors = [User.objects.create(username=f"instructor{number}") for number in range(STAFF)]
    cast.algorithms.instructors.add(*instructors)
    return administrators, instructors


async def fill(at_work: Class, cast: Cast) -> None:
    """Viewers on both processes: each has the page open several times, and those who see the same loaded the same."""
    people = await sync_to_async(colleagues)(cast)
    for alike in (*people, *([student.person] for student in at_work.students)):
        sessions = {person: await at_work.live.session(person) for person in alike}
        page = await at_work.entrance.snapshot(sessions[alike[0]], 0)
        for person, session in sessions.items():
            for number in range(SOCKETS_EACH):
                viewer = Follower(at_work.entrance, person, session, web=number % 2)
                viewer.load(page)
                at_work.viewers.append(viewer)
                at_work.add(viewer.follow())


@contextlib.asynccontextmanager
async def a_request_under_way(at_work: Class, exam: Exam, web: int) -> AsyncIterator[None]:
    """A request that is answered when this ends, and not before: the drain waits for it."""
    browser = await at_work.live.http(at_work.ada, web=web)
    async with database.connection() as connection, connection.transaction():
        await connection.execute("LOCK TABLE progress_question IN ACCESS EXCLUSIVE MODE")
        asked = asyncio.create_task(browser.get(f"/api/exams/{exam.pk}/"))
        waits = "SELECT 1 FROM pg_locks WHERE relation = 'progress_question'::regclass AND NOT granted"
        async with asyncio.timeout(WITHIN):
            while await (await connection.execute(waits)).fetchone() is None:
                await asyncio.sleep(0.02)
        yield
    assert (await asked).status_code == 200


async def until_not_ready(probe: httpx.AsyncClient) -> httpx.Response:
    async with asyncio.timeout(WITHIN):
        while (answer := await probe.get("/readyz")).status_code == 200:
            await asyncio.sleep(0.01)
    return answer


async def restart(at_work: Class, exam: Exam, web: int) -> None:
    """End a web process in the midst of its work and start it again, as a deployment does."""
    site, name = at_work.live.site, f"web{web}"
    process = site.processes[name]
    async with httpx.AsyncClient(base_url=f"http://{site.address(web)}") as probe:
        assert (await probe.get("/readyz")).status_code == 200
        async with a_request_under_way(at_work, exam, web):
            told = time.monotonic()
            process.send_signal(signal.SIGTERM)
            answer = await until_not_ready(probe)  # on the same connection: new ones are refused
            assert (answer.status_code, answer.json()["draining"]) == (503, True)
            await until(lambda: all(viewer.web != web for viewer in at_work.viewers), what="every socket closed")
            assert process.poll() is None
    assert await asyncio.to_thread(process.wait, ENDS_WITHIN) == 0
    assert time.monotonic() - told < ENDS_WITHIN
    site.start(name)
    await asyncio.to_thread(site.wait_ready, web)


def most_at_once(moments: list[float]) -> float:
    """The largest share of these moments that lies within any tenth of a second."""
    return max(sum(first <= each < first + INSTANT for each in moments) for first in moments) / len(moments)


async def test_a_rolling_restart_loses_no_entry_and_needs_no_snapshots(at_work: Class, cast: Cast) -> None:
    exam = await Exam.objects.acreate(course=cast.algorithms, title="Algorithms, the exam")
    await sync_to_async(ask)(exam=exam)
    await fill(at_work, cast)
    viewers = at_work.viewers
    await until(lambda: all(viewer.subscribed for viewer in viewers), what="everybody live")
    snapshots = sum(viewer.snapshots for viewer in viewers)
    for web in (0, 1):
        on_it = [viewer for viewer in viewers if viewer.web == web]
        closed = {viewer: len(viewer.closes) for viewer in on_it}
        began = time.monotonic()
        await restart(at_work, exam, web)
        await until(lambda: all(viewer.subscribed for viewer in viewers), what="everybody live")
        assert all(student.acked_since(began) for student in at_work.students)
        assert all(viewer.closes[closed[viewer] :] == [(web, 1012)] for viewer in on_it)
        returned = [min(moment for moment in viewer.returns if moment > began) for viewer in on_it]
        assert most_at_once(returned) <= MOST_AT_ONCE
    await at_work.comes_to_rest()
    assert sum(viewer.snapshots for viewer in viewers) - snapshots < 5
    assert {code for student in at_work.students for _web, code in student.closes} == {1012}
    assert all(viewer.resets == [] for viewer in viewers)
