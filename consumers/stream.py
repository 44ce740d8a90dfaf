"""A stream: one group in this process, where it is, and what of it has yet to go out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from consumers.frames import Item
from consumers.viewer import Viewer
from feed.history import Mark


@dataclass(eq=False, slots=True)
class Stream:
    """One group: `at` is how far it was heard (None until the first word of it), `gathered` what the next pass takes.

    A viewer's cursor is at least where the last pass ended, unless the viewer is behind, and then it catches up from
    the history.
    """

    group: str
    at: Mark | None = None
    gathered: list[Item] = field(default_factory=list)
    viewers: set[Viewer] = field(default_factory=set)
    subscribed: asyncio.Event = field(default_factory=asyncio.Event)
    idle_since: float = 0.0

    def hear(self, items: Sequence[Item]) -> None:
        """Take the items that follow `at`."""
        if self.at is None:
            raise ValueError(f"Nothing can follow in {self.group}: its place is not known yet")
        self.gathered.extend(items)
        self.at = Mark(self.at.epoch, self.at.offset + len(items))

    def take(self) -> tuple[Mark, list[Item]] | None:
        """Give what has gathered, with the mark that it follows; None where nothing has."""
        if self.at is None or not self.gathered:
            return None
        items, self.gathered = self.gathered, []
        return Mark(self.at.epoch, self.at.offset - len(items)), items

    def begin_anew(self, at: Mark) -> None:
        """Go on in another epoch, or past what was lost; what had gathered belongs to what is over."""
        self.at = at
        self.gathered.clear()
