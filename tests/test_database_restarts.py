"""PostgreSQL restarts, and web processes are killed, while students watch (law 1): what was acked is stored, and what
was not is stored later.

On a PostgreSQL of the test's own, a durable one; its people are made by processes, since this run's database is
another one.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection

from progress.models import Lesson, User
from project.embedded import Postgres
from project.embedded.throwaway import throwaway
from tests.entrance import Entrance, Student, at_work
from tests.live import ROOT, WITHIN, Site, until

STUDENTS = 16
LESSONS = 60


@dataclass
class Class:
    """Students at work on two web processes, and the PostgreSQL behind these."""

    postgres: Postgres
    site: Site
    students: list[Student]
    lessons: list[Lesson]

    async def until_all_are_acked_again(self, since: float) -> None:
        """Wait until every student had an ack of something since then."""
        await until(lambda: all(student.acked_since(since) for student in self.students), within=40, what="acks")

    async def comes_to_rest(self) -> None:
        """Stop the students once all they have sent is acked."""
        for student in self.students:
            student.stopped = True
        await until(lambda: not any(student.busy for student in self.students), within=40, what="the last acks")

    def stored(self) -> dict[tuple[int, int], tuple[float, bool]]:
        """What is in the database: percentage and completion, by student and lesson.

        Opening a lesson begins its row; one who was stopped right then has sent no tick of it.
        """
        with psycopg.connect(self.postgres.url) as connection:
            rows = connection.execute(
                "SELECT user_id, lesson_id, video_watch_percentage, completed FROM progress_userprogress"
                " WHERE started_at IS NOT NULL"
            )
            return {(user, lesson): (percentage, completed) for user, lesson, percentage, completed in rows}

    def acked(self) -> dict[tuple[int, int], tuple[float, bool]]:
        """The last ack of each student in each lesson."""
        return {
            (student.person.pk, ack.lesson_id): (ack.percentage, ack.completed)
            for student in self.students
            for ack in student.acks
        }

    def told_twice(self) -> list[tuple[str, int]]:
        """Completions that have more than one line in the outbox."""
        with psycopg.connect(self.postgres.url) as connection:
            return connection.execute(
                "SELECT kind, object_id FROM progress_outbox WHERE kind = 'lesson_completed'"
                " GROUP BY kind, object_id HAVING count(*) > 1"
            ).fetchall()


@pytest.fixture
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL to be restarted and killed. It is started from the main thread, and ends with it."""
    folder = tmp_path_factory.mktemp("postgres")
    with throwaway(folder) as place:
        server = Postgres(folder, durable=True, place=place)
        try:
            server.start()
            server.wait_ready()
            yield server
        finally:
            server.stop()


@pytest_asyncio.fixture
async def at_their_lessons(postgres: Postgres, django_db_setup: None, tmp_path: Path) -> AsyncIterator[Class]:
    """A class that has begun."""
    site = Site(tmp_path)
    site.environment["DATABASE_URL"] = postgres.url

    def manage(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=site.environment, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    await asyncio.to_thread(manage, "manage.py", "migrate", "--verbosity", "0")
    people = map(str, (0, STUDENTS, LESSONS, 0))
    made = json.loads(await asyncio.to_thread(manage, "-m", "tests.bench.people", *people))
    with psycopg.connect(postgres.url) as connection:
        found = connection.execute("SELECT id, username FROM progress_user WHERE username LIKE 'student%' ORDER BY id")
        people = [User(pk=pk, username=username) for pk, username in found]
    lessons = [Lesson(pk=pk) for pk in made["lessons"]]
    sessions = [cookie.removeprefix("sessionid=") for cookie in made["students"]]
    await asyncio.to_thread(site.__enter__)
    try:
        async with Entrance(site) as entrance, at_work() as add:
            students = [
                Student(entrance, person, session, lessons, web=number % 2, pace=0.1)
                for number, (person, session) in enumerate(zip(people, sessions, strict=True))
            ]
            for student in students:
                add(student.study())
            begun = Class(postgres, site, students, lessons)
            await begun.until_all_are_acked_again(0)
            yield begun
    finally:
        await asyncio.to_thread(site.__exit__)


async def test_a_tick_sent_while_the_database_restarts_is_acked_on_the_same_socket(at_their_lessons: Class) -> None:
    student, lesson = at_their_lessons.students[0], at_their_lessons.lessons[-1]
    path = f"/ws/lessons/{lesson.pk}/progress/"
    async with student.entrance.socket(path, student.session, 0) as (_, socket):
        await heard(socket, "welcome")
        await asyncio.to_thread(at_their_lessons.postgres.stop)
        await socket.send(json.dumps({"type": "progress", "id": 1, "watch_percentage": 40, "timestamp": 240}))
        at_their_lessons.postgres.start()
        ack = await heard(socket, "ack")
    assert (ack["id"], ack["watch_percentage"]) == (1, 40)
    assert at_their_lessons.stored()[student.person.pk, lesson.pk] == (40, False)
    await at_their_lessons.comes_to_rest()


async def heard(socket: ClientConnection, type: str) -> dict[str, Any]:
    """The next frame of a type."""
    async with asyncio.timeout(WITHIN):
        while (frame := json.loads(await socket.recv()))["type"] != type:
            assert frame["type"] == "ping", frame
    return dict(frame)


async def test_what_was_acked_is_stored_and_what_was_not_is_stored_later(at_their_lessons: Class) -> None:
    site, postgres = at_their_lessons.site, at_their_lessons.postgres

    # Web processes are killed.
    for web in ("web0", "web1"):
        killed = time.monotonic()
        await asyncio.to_thread(site.end, web, signal.SIGKILL)
        await asyncio.to_thread(site.start, web)
        await at_their_lessons.until_all_are_acked_again(killed)
        await asyncio.to_thread(site.wait_ready, int(web[3:]))

    # PostgreSQL restarts as an operator has it restart, and then as after a power cut.
    for end in (postgres.stop, postgres.kill):
        await asyncio.to_thread(end)
        postgres.start()
        await asyncio.to_thread(postgres.wait_ready)
        back = time.monotonic()
        await at_their_lessons.until_all_are_acked_again(back)

    # All at once.
    await asyncio.to_thread(postgres.kill)
    await asyncio.to_thread(site.end, "web0", signal.SIGKILL)
    postgres.start()
    await asyncio.to_thread(postgres.wait_ready)
    await asyncio.to_thread(site.start, "web0")
    back = time.monotonic()
    await at_their_lessons.until_all_are_acked_again(back)

    await at_their_lessons.comes_to_rest()
    acked = at_their_lessons.acked()
    assert len(acked) > STUDENTS
    assert at_their_lessons.stored() == acked
    assert at_their_lessons.told_twice() == []
