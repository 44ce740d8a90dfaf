"""`manage.py erase_person`: removes one person with everything that is kept of them."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from progress import school
from progress.models import User


class Command(BaseCommand):
    help = (
        "Removes one person with all they did. Their entries go from every screen at once, and every other trace "
        "within a minute, while a worker runs and Redis is there. Nothing brings them back but a backup."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *, username: str, yes: bool, **options: Any) -> None:
        person = User.objects.filter(username=username)
        found = person.first()
        if found is None:
            raise CommandError(f"There is nobody with the user name {username!r}.")
        if not yes and input(f"Remove {found.name} with everything they did? Type the user name: ") != username:
            raise CommandError("Nothing was removed.")
        school.remove_people(person)
        self.stdout.write("Removed.")
