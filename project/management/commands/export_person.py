"""`manage.py export_person`: everything that is kept of one person, as JSON."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from progress.models import User
from progress.privacy import export


class Command(BaseCommand):
    help = "Writes everything that is kept of one person to standard output, as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *, username: str, **options: Any) -> None:
        person = User.objects.filter(username=username).first()
        if person is None:
            raise CommandError(f"There is nobody with the user name {username!r}.")
        self.stdout.write(export.as_json(person).decode(), ending="")
