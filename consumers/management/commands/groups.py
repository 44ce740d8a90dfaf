"""`manage.py groups`: which groups have sockets, in how many processes, and where their histories are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from consumers.ops import groups
from consumers.ops.terminal import Row, Shown


async def _read() -> Sequence[Row]:
    return [msgspec.to_builtins(each) for each in await groups.read()]


class Command(Shown):
    """Show the groups."""

    help = "Shows every group that a web process listens to: sockets, processes, epoch, offset, items kept, lag."

    def handle(self, *args: Any, **options: Any) -> None:
        """Show them."""
        self.show(_read, [*groups.Group.__struct_fields__], options=options)
