"""`manage.py demo`: people, courses and videos to try the product with, and students for load tests."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = (
        'Makes the demo\'s people (password "demo"), courses and videos where they are missing. '
        "What is there is not changed. Refuses where DEBUG is off."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--students", type=int, metavar="N", help="also make sure that student0001 ... exist up to N, in algorithms"
        )
        parser.add_argument(
            "--sessions", type=Path, metavar="FILE", help="log them in, and write one sessionid=... line for each"
        )

    def handle(self, *, students: int | None, sessions: Path | None, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError(
                "The demo's people have a password that everybody knows, so they are made only where DEBUG is on."
            )
        if students is not None and students < 1:
            raise CommandError(f"--students must be at least 1; got {students}.")
        if sessions is not None and students is None:
            raise CommandError("--sessions needs --students: it logs those students in.")
        try:
            from project.demo import stage
            from project.demo import students as load
        except ImportError as error:
            raise CommandError(
                f"The demo's videos are made with PyAV and Pillow, and {error.name} is missing: "
                "run `make setup`, or `python -m pip install av pillow`."
            ) from error

        stage.make()
        if students is None:
            return
        people = load.make(students)
        if sessions is not None:
            try:
                load.write_cookies(sessions, load.log_in(people))
            except OSError as error:
                raise CommandError(f"--sessions: {error}") from error
