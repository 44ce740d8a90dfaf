"""`manage.py import_people`: people and enrolments from a CSV file, or a report of what is wrong with it."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from progress.control_characters import harmless
from progress.people_import.carrying_out import carry_out
from progress.people_import.plan import make_plan
from progress.people_import.reading import COLUMNS, Unusable, read


class Command(BaseCommand):
    help = (
        f"Imports people and enrolments from a CSV file with the columns {', '.join(COLUMNS)}. "
        "Says for each line what is done; where one line is wrong nothing is written, and the exit status is 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, *, file: Path, dry_run: bool, **options: Any) -> None:
        try:
            lines = read(file.read_bytes())
            plan = make_plan(lines) if dry_run else carry_out(lines)
        except OSError as error:
            raise CommandError(harmless(f"{file} cannot be read: {error.strerror}.")) from error
        except Unusable as error:
            raise CommandError(harmless(f"{error} Nothing was written.")) from error
        for note in plan.notes:
            self.stdout.write(harmless(note))
        for verdict in plan.verdicts:
            mark = "" if verdict.good else "WRONG: "
            # What is wrong with a line may be that its values speak to the terminal.
            self.stdout.write(harmless(f"line {verdict.number}, {verdict.username or '?'}: {mark}{verdict.text}"))
        if not plan.good:
            raise CommandError(plan.summary)
        self.stdout.write(plan.summary)
        self.stdout.write("Nothing was written: this was a dry run." if dry_run else "Done.")
