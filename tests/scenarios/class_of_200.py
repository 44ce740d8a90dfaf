"""A class of two hundred simulated students in the demo's course, twice: the same seed comes to the same entries.

Too long for every change (some eight minutes): `make scenarios` runs it.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

from asgiref.sync import sync_to_async

from progress import school
from progress.models import Course, User, UserProgress
from project.demo import stage
from tests.cast import Cast
from tests.live import ROOT, Live, Viewer, until

STUDENTS = 200
SEED = 1

Told = list[tuple[str, str, str]]
"""Entries, sorted, by type, user name of the student and slug of the lesson (empty without one)."""


async def test_two_hundred_students_of_one_seed_come_to_the_same_entries_twice(live: Live, cast: Cast) -> None:
    await sync_to_async(set_the_stage)(cast)
    first = await class_of_students(live, cast)
    await sync_to_async(school.remove_people)(User.objects.filter(username__startswith="student"))
    assert await class_of_students(live, cast) == first


def set_the_stage(cast: Cast) -> None:
    """The demo's course in place of the tests' own."""
    school.remove_courses(Course.objects.filter(pk=cast.algorithms.pk))
    stage.make()


async def class_of_students(live: Live, cast: Cast) -> Told:
    """Let the class study to its end while two viewers look on; return what was told."""
    async with live.feed(cast.grace) as grace, live.feed(cast.admin, web=1) as admin:
        ran = await asyncio.to_thread(simulate, live)
        assert ran.returncode == 0, ran.stderr
        assert f"done: {STUDENTS} students did all they had planned" in ran.stdout, ran.stdout
        assert not await UserProgress.objects.exclude(suspicious="").aexists()
        viewers: list[tuple[Viewer, User]] = [(grace, cast.grace), (admin, cast.admin)]
        for viewer, person in viewers:
            entries = await whole(live, person)
            await until(lambda viewer=viewer, entries=entries: viewer.list() == entries, what="the snapshot")
        names = {each.pk: each.username async for each in User.objects.all()}
        told = [
            (each["type"], names[each["user"]["id"]], each["lesson"]["slug"] if each["lesson"] else "")
            for each in grace.list()
        ]
        print(f"{STUDENTS} students, seed {SEED}: {len(told)} entries. {ran.stdout.splitlines()[-1]}")  # noqa: T201
        assert len(told) == len(set(told)) + sum(1 for each in failed(grace.list()))
        return sorted(told)


def failed(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Exam attempts that were not passed: whoever has one has another, and these two look alike here."""
    return [each for each in entries if each["type"] == "exam_attempt" and not each["data"]["passed"]]


def simulate(live: Live) -> subprocess.CompletedProcess[str]:
    """Run the command as somebody at a terminal would."""
    command = [sys.executable, "manage.py", "simulate", "--base", f"http://{live.site.address()}"]
    command += ["--students", str(STUDENTS), "--seed", str(SEED), "--speed", "2", "--minutes", "15"]
    return subprocess.run(
        command, cwd=ROOT, env=live.site.environment, capture_output=True, text=True, timeout=1200, check=False
    )


async def whole(live: Live, person: User) -> list[dict[str, Any]]:
    """The whole feed, page after page."""
    entries: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    while True:
        page = await live.snapshot(person, **more)
        entries += page["entries"]
        if page["next"] is None:
            return entries
        more = {"before": page["next"]}
