"""What fails while a class is at work: a Redis and a site of the test's own, students, and three who follow them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async

from progress.models import Enrollment, Lesson, Outbox, User, UserProgress
from project.embedded import Valkey, valkey_alone
from tests.cast import Cast
from tests.entrance import Entrance, Follower, Student, at_work
from tests.live import WITHIN, Live, until

ACKED_WITHIN = 5.0
"""Seconds from tick to ack at most, where the machine has much else to do; to wait for a Redis that hangs takes six."""

RESUMED_WITHIN = 5.0
"""Seconds until an entry made after the failure is everywhere, and"""

TOLERANCE = 1.0
"""one more for a machine that has much to do."""

LESSONS = 30


@contextlib.contextmanager
def valkey_of_its_own(folder: Path) -> Iterator[Valkey]:
    """A Valkey to be killed, paused and emptied. It is started from the main thread, and ends with it."""
    with valkey_alone(folder) as own:
        try:
            yield own
        finally:
            own.tell(signal.SIGCONT)


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that hangs meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@dataclass
class Class:
    """Students at work on both web processes, and three who follow: an administrator, an instructor, a student."""

    live: Live
    entrance: Entrance
    ada: User
    afterwards: Lesson
    students: list[Student]
    add: Callable[[Coroutine[Any, Any, None]], None]
    viewers: list[Follower] = field(default_factory=list)
    late: list[Follower] = field(default_factory=list)

    async def follow(self, person: User, *, web: int) -> Follower:
        """A viewer who loads the page now."""
        viewer = Follower(self.entrance, person, await self.live.session(person), web=web)
        viewer.load(await self.entrance.snapshot(viewer.session, web))
        self.add(viewer.follow())
        return viewer

    async def comes_while_redis_is_away(self, person: User, *, web: int) -> None:
        """One who loads the page now, sees what there is, and goes live later."""
        viewer = await self.follow(person, web=web)
        assert viewer.position is None, f"a page loaded without Redis says {viewer.position}"
        assert viewer.entries, "a page loaded without Redis is empty"
        self.late.append(viewer)

    async def until_all_complete_a_lesson(self, since: float) -> None:
        """Wait until every student has completed another lesson since then: a dozen acks or two for each."""
        done = lambda student: student.completed_since(since)  # noqa: E731
        await until(lambda: all(map(done, self.students)), what="a completion by everybody")

    async def until_live_again(self, returned: float) -> None:
        """See that an entry made now is seen by all three in time, counted from `returned`."""
        async with self.live.player(self.ada, self.afterwards, web=1) as player:
            await player.watch(to=60)
        await self.until_all_see("progress_update", since=returned)

    async def until_all_see(self, type: str, *, since: float) -> None:
        """Wait until all three see this entry of the lesson for afterwards, not later than is allowed."""
        id = f"{type}:{(await self.row_afterwards()).pk}"
        left = since + RESUMED_WITHIN + TOLERANCE - time.monotonic()
        await until(lambda: all(id in viewer.entries for viewer in self.viewers), within=left, what=f"{id} everywhere")

    async def row_afterwards(self) -> UserProgress:
        """What ada did in the lesson that is for afterwards."""
        return await UserProgress.objects.aget(user=self.ada, lesson=self.afterwards)

    async def until_all_is_told(self) -> None:
        """Wait until nothing is left in the outbox."""
        async with asyncio.timeout(WITHIN):
            while await Outbox.objects.filter(live_done_at=None).aexists():
                await asyncio.sleep(0.05)

    def was_acked_in_time(self, *, since: float) -> None:
        """See that nobody waited for an ack since then for longer than a commit takes (law 6)."""
        for student in self.students:
            waited = [ack.seconds for ack in student.acked_since(since)]
            assert max(waited) < ACKED_WITHIN, f"{student.person.username} waited for {max(waited):.2f} s"

    async def comes_to_rest(self) -> None:
        """Stop the students; then nothing that was acked is lost, nothing is there twice, and live equals reload."""
        for student in self.students:
            student.stopped = True
        await until(lambda: not any(student.busy for student in self.students), what="the last acks")
        await self._everything_acked_is_in_the_database()
        await self.until_all_is_told()
        fresh: dict[str, list[Any]] = {}
        for viewer in [*self.viewers, *self.late]:
            if viewer.session not in fresh:
                fresh[viewer.session] = (await self.entrance.snapshot(viewer.session, viewer.prefers))["entries"]
            await _live_equals_reload(viewer, fresh[viewer.session])
            _everything_came_once_and_in_order(viewer)
        told = [row async for row in Outbox.objects.filter(kind="lesson_completed").values_list("object_id", flat=True)]
        assert len(told) == len(set(told)), "a completion was told twice"

    async def _everything_acked_is_in_the_database(self) -> None:
        for student in self.students:
            rows = {row.lesson_id: row async for row in UserProgress.objects.filter(user=student.person)}
            newest = {ack.lesson_id: ack for ack in student.acks}
            assert newest, f"{student.person.username} got no ack"
            for lesson_id, ack in newest.items():
                stored = rows[lesson_id].video_watch_percentage, rows[lesson_id].completed
                assert stored == (ack.percentage, ack.completed), f"{stored} is stored, and {ack} was given"


async def _live_equals_reload(viewer: Follower, fresh: list[Any]) -> None:
    await until(lambda: viewer.list() == fresh, what=f"{viewer.person.username}'s list to equal a fresh snapshot")
    assert {entry["id"] for entry in fresh} <= viewer.shown.keys(), viewer.person.username


def _everything_came_once_and_in_order(viewer: Follower) -> None:
    assert viewer.holes == [], f"{viewer.person.username}: {viewer.holes}"
    completions = defaultdict(set)
    for entry in viewer.shown.values():
        if entry["type"] == "lesson_completed":
            completions[entry["user"]["id"], entry["lesson"]["id"]].add(entry["id"])
    assert {len(ids) for ids in completions.values()} == {1}, viewer.person.username


def enrol_class(cast: Cast, number: int = LESSONS, title: str = "Lesson") -> tuple[list[User], list[Lesson], Lesson]:
    """Five students of algorithms, the lessons that they will watch, and one for afterwards."""
    others = [User.objects.create(username=f"student{number}", first_name=f"S{number}") for number in range(3)]
    for person in others:
        Enrollment.objects.create(user=person, course=cast.algorithms)
    *lessons, afterwards = [
        Lesson.objects.create(course=cast.algorithms, title=f"{title} {place}", slug=f"lesson{place}", duration=100)
        for place in range(number + 1)
    ]
    return [cast.ada, cast.bob, *others], lessons, afterwards


@contextlib.asynccontextmanager
async def class_at_work(
    live: Live,
    cast: Cast,
    *,
    pace: float = 0.12,
    lessons: int = LESSONS,
    title: str = "Lesson",
    at_once: int = 0,
) -> AsyncIterator[Class]:
    """A class whose students have begun, a tick in `pace` seconds, and whose viewers have seen a first completion.

    `at_once` of the students report each lesson by one tick, so that none of their acks is followed by another that
    would say as much; they take as long for a lesson as the others.
    """
    people, watched, afterwards = await sync_to_async(enrol_class)(cast, lessons, title)
    async with Entrance(live.site) as entrance, at_work() as add:
        students = [
            Student(entrance, person, await live.session(person), watched, web=number % 2, pace=pace)
            for number, person in enumerate(people)
        ]
        for student in students[len(students) - at_once :]:
            student.pause, student.steps = pace * len(student.steps), (100,)
        made = Class(live, entrance, cast.ada, afterwards, students, add)
        made.viewers = [
            await made.follow(person, web=web) for person, web in ((cast.admin, 0), (cast.grace, 1), (cast.ada, 0))
        ]
        await until(lambda: all(viewer.subscribed for viewer in made.viewers))
        for student in students:
            add(student.study())
        sees_one = lambda viewer: any(id.startswith("lesson_completed") for id in viewer.entries)  # noqa: E731
        await until(lambda: all(map(sees_one, made.viewers)), what="a completion at every viewer")
        yield made
