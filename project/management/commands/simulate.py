"""`manage.py simulate`: a class of simulated students on a running site of this machine."""

from __future__ import annotations

import argparse
import asyncio
import signal
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from progress.models import Course, User, UserProgress
from project.demo import cast
from project.simulation.address import Address, parse_address

FASTEST = 2.0
PAUSE_SECONDS = 30.0
MINUTES = 10.0


class Command(BaseCommand):
    """Run one class to its end, or class after class."""

    help = (
        "Students of the demo's course Algorithms who are not there: they play lessons, skip, watch again, quit, fail, "
        "and lose their network, over real sockets and HTTP, as their browsers would. The same seed gives the same "
        "students. It needs DEBUG on, `manage.py demo`, and a running site on this machine."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--students", type=_at_least(1), default=12, metavar="N", help="how many at once (12)")
        parser.add_argument(
            "--speed",
            type=float,
            default=1.0,
            metavar="X",
            help="play X times as fast, at most 2 (and at most PROGRESS_MAX_RATE): what outruns the site's clock does "
            "not count, for them as for anybody (1)",
        )
        parser.add_argument(
            "--minutes", type=float, metavar="M", help="end after M minutes at the latest (10; with --endless never)"
        )
        parser.add_argument("--seed", type=int, default=1, metavar="S", help="who does what (1)")
        parser.add_argument(
            "--base", metavar="URL", help="where the site listens on this machine (http://127.0.0.1:$PORT)"
        )
        parser.add_argument(
            "--endless",
            action="store_true",
            help=f"after a class, and {PAUSE_SECONDS:g} s, the next one, of students who have not begun the course yet",
        )

    def handle(
        self,
        *,
        students: int,
        speed: float,
        minutes: float | None,
        seed: int,
        base: str | None,
        endless: bool,
        **options: Any,
    ) -> None:
        """Check what was asked for, and begin."""
        if not settings.DEBUG:
            raise CommandError("Simulated students are made and signed in without a password: only where DEBUG is on.")
        fastest = min(FASTEST, settings.PROGRESS_MAX_RATE)
        if not 0.1 <= speed <= fastest:
            raise CommandError(f"--speed must be from 0.1 to {fastest:g}, or they outrun the clock; got {speed:g}.")
        if minutes is not None and not minutes > 0:
            raise CommandError(f"--minutes must be more than 0; got {minutes:g}.")
        try:
            address = parse_address(base or f"http://127.0.0.1:{settings.PORT}")
        except ValueError as error:
            raise CommandError(f"--base: {error}") from None
        if minutes is None and not endless:
            minutes = MINUTES
        if not Course.objects.filter(slug=cast.ALGORITHMS.slug).exists():
            raise CommandError("The course Algorithms is not there: run `manage.py demo` first.")
        connection.close()
        asyncio.run(self._run(address, students, speed, minutes, seed, endless=endless))

    async def _run(
        self, address: Address, students: int, speed: float, minutes: float | None, seed: int, *, endless: bool
    ) -> None:
        try:
            from project.simulation.classroom import Classroom, until_stopped
        except ImportError as error:
            raise CommandError(f"{error.name} is missing: run `make setup`, or `pip install {error.name}`.") from error
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, stop.set)
        ends = None if minutes is None else loop.time() + minutes * 60

        def left() -> float | None:
            return None if ends is None else max(0.0, ends - loop.time())

        while not stop.is_set() and left() != 0:
            class_ = await sync_to_async(_newcomers if endless else _first)(students)
            room = Classroom(address, course=cast.ALGORITHMS.slug, seed=seed, speed=speed, say=self.stdout.write)
            self.stdout.write(f"students {min(class_)} to {max(class_)} sit down at {address.origin}, seed {seed}")
            done = await until_stopped(stop, asyncio.create_task(room.attend(class_)), within=left())
            self.stdout.write(f"{'done' if done else 'sent home'}: {room.tally}")
            if not endless:
                break
            await until_stopped(stop, asyncio.create_task(asyncio.sleep(PAUSE_SECONDS)), within=left())


def _first(count: int) -> dict[int, dict[str, str]]:
    return _signed_in(range(1, count + 1))


def _newcomers(count: int) -> dict[int, dict[str, str]]:
    """The next class: after everybody who has begun, so that there is something to see."""
    begun = UserProgress.objects.filter(user__username__regex=r"^student\d{4,}$")
    names = User.objects.filter(pk__in=begun.values("user")).values_list("username", flat=True)
    last = max((int(name.removeprefix("student")) for name in names), default=0)
    return _signed_in(range(last + 1, last + count + 1))


def _signed_in(numbers: range) -> dict[int, dict[str, str]]:
    """Make sure that these students exist, and return their cookies by number."""
    from project.demo import students

    people = students.make(numbers.stop - 1)[numbers.start - 1 :]
    keys = students.log_in(people)
    connection.close()  # nothing to ask until the next class
    return {number: {settings.SESSION_COOKIE_NAME: key} for number, key in zip(numbers, keys, strict=True)}


def _at_least(least: int) -> Any:
    def whole(text: str) -> int:
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}")
        return int(text)

    return whole
