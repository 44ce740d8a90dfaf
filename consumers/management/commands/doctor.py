"""`manage.py doctor`: what is wrong, what that means, and what to do; the exit status is for scripts."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Any

import msgspec
from django.core.management.base import BaseCommand

from consumers.ops import configuration, facts, symptoms
from consumers.ops.facts import Facts
from consumers.ops.symptom import Symptom
from consumers.ops.terminal import CLEAR
from progress.control_characters import harmless


class Command(BaseCommand):
    """Look, and say what is wrong."""

    help = (
        "Says what is wrong with Redis, the database, web processes and workers, what that means and what to do. "
        "Exit status 0: all is well; 1: warnings; 2: something is down."
    )
    requires_system_checks = []  # they are among what it says

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """`--json` and `--watch`."""
        parser.add_argument("--json", action="store_true", help="one JSON object, with all facts, for machines")
        parser.add_argument("--watch", action="store_true", help="again every two seconds, until Ctrl-C")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look once, or again and again, and exit with the status of the last look."""
        try:
            status = asyncio.run(self._look(as_json=options["json"], watch=options["watch"]))
        except KeyboardInterrupt:
            sys.exit(130)
        if status:
            sys.exit(status)

    async def _look(self, *, as_json: bool, watch: bool) -> int:
        wrong = await configuration.read()
        while True:
            looked = await facts.gather(wrong)
            found = symptoms.found(looked)
            clear = CLEAR if watch and not as_json and self.stdout.isatty() else ""
            self.stdout.write(clear + (_as_json(looked, found) if as_json else _as_text(found)))
            self.stdout.flush()
            if not watch:
                return symptoms.status(found)
            await asyncio.sleep(2)


def _as_json(looked: Facts, found: list[Symptom]) -> str:
    said = {"status": symptoms.status(found), "symptoms": found, "facts": looked}
    return msgspec.json.encode(said).decode()


def _as_text(found: list[Symptom]) -> str:
    if not found:
        return "All is well."
    return "\n\n".join(
        harmless(f"{each.severity.upper()} {each.id}: {each.what}\n  {each.means}\n  {each.do}", keeping="\n")
        for each in found
    )
