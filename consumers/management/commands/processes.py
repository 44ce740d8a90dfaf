"""`manage.py processes`: every web process and worker that reported lately, and what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from consumers.ops.registry import registry
from consumers.ops.terminal import Row, Shown

COLUMNS = (
    "kind",
    "host",
    "pid",
    "version",
    "draining",
    "feed",
    "progress",
    "unsent_bytes",
    "viewers_behind",
    "waiting_reports",
    "waiting_references",
    "loop_lag",
    "memory_bytes",
)


async def _read() -> Sequence[Row]:
    return [{**msgspec.to_builtins(each), **each.sockets} for each in await registry().read()]


class Command(Shown):
    """Show the processes."""

    help = "Shows every process that reported within the last seconds. --json has all of its figures."

    def handle(self, *args: Any, **options: Any) -> None:
        """Show them."""
        self.show(_read, COLUMNS, options=options)
