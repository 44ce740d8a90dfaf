"""What the operators' commands have in common: a table for people, JSON for machines, once or again and again."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError
from redis.exceptions import RedisError

from progress.control_characters import harmless
from progress.failures import in_words

Row = Mapping[str, Any]

CLEAR = "\x1b[H\x1b[2J"


def table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """The rows under a line with the columns' names; numbers stand to the right."""
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    widths = [max(len(line[place]) for line in [list(columns), *cells]) for place in range(len(columns))]
    numeric = [bool(rows) and isinstance(rows[0][column], int | float) for column in columns]

    def line(texts: Sequence[str]) -> str:
        padded = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(texts, widths, numeric, strict=True)
        )
        return "  ".join(padded).rstrip()

    return "\n".join(line(each) for each in [list(columns), *cells])


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else harmless(str(value))


class Shown(BaseCommand):
    """A command that shows rows: as a table, as JSON, and with `--watch` again every two seconds."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """`--json` and `--watch`."""
        parser.add_argument("--json", action="store_true", help="one JSON list, for machines")
        parser.add_argument("--watch", action="store_true", help="again every two seconds, until Ctrl-C")

    def show(self, read: Callable[[], Awaitable[Sequence[Row]]], columns: Sequence[str], *, options: Row) -> None:
        """Read and show; CommandError, and so exit status 1, where Redis is away."""
        try:
            asyncio.run(self._show(read, columns, as_json=options["json"], watch=options["watch"]))
        except (RedisError, OSError) as error:
            raise CommandError(f"Redis does not answer: {in_words(error)}") from error
        except KeyboardInterrupt:
            sys.exit(130)

    async def _show(
        self, read: Callable[[], Awaitable[Sequence[Row]]], columns: Sequence[str], *, as_json: bool, watch: bool
    ) -> None:
        while True:
            rows = await read()
            text = msgspec.json.encode(rows).decode() if as_json else table(rows, columns)
            clear = CLEAR if watch and not as_json and self.stdout.isatty() else ""
            self.stdout.write(clear + text)
            self.stdout.flush()
            if not watch:
                return
            await asyncio.sleep(2)
