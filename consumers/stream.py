"""A stream: one group in this process, where it is, and what of it has yet to go out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from consumers.frames import Item
from consumers.viewer import Viewer
from feed.filters import Filters
from feed.history import Mark


class Viewers:
    """A stream's viewers, together with those who have the same filters: they are given the same frames."""

    __slots__ = ("_by_filters",)

    def __init__(self) -> None:
        self._by_filters: dict[Filters, set[Viewer]] = {}

    def add(self, viewer: Viewer) -> None:
        """Take one in, who must not change filters before it is out again."""
        self._by_filters.setdefault(viewer.filters, set()).add(viewer)

    def discard(self, viewer: Viewer) -> None:
        """Let one out, if it is in."""
        alike = self._by_filters.get(viewer.filters, set())
        alike.discard(viewer)
        if not alike:
            self._by_filters.pop(viewer.filters, None)

    def alike(self) -> list[tuple[Filters, list[Viewer]]]:
        """All as they are now, by their filters."""
        return [(filters, list(viewers)) for filters, viewers in self._by_filters.items()]

    def __iter__(self) -> Iterator[Viewer]:
        return chain.from_iterable(list(self._by_filters.values()))

    def __len__(self) -> int:
        return sum(map(len, self._by_filters.values()))


@dataclass(eq=False, slots=True)
class Stream:
    """One group: `at` is how far it was heard (None until the first word of it), `gathered` what the next pass takes.

    A viewer's cursor is at least where the last pass ended, unless the viewer is behind, and then it catches up from
    the history.
    """

    group: str
    at: Mark | None = None
    gathered: list[Item] = field(default_factory=list)
    passed: Mark | None = None
    """Where the last pass ended: the very object that its viewers have, so that a look tells who is there."""
    viewers: Viewers = field(default_factory=Viewers)
    subscribed: asyncio.Event = field(default_factory=asyncio.Event)
    idle_since: float = 0.0
    published_at: float = 0.0
    """When the newest of what gathered was published, by Redis's clock; 0 where that is not known."""

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
        before = Mark(self.at.epoch, self.at.offset - len(items))
        if self.passed != before:
            self.passed = before
        before, self.passed = self.passed, self.at
        return before, items

    def begin(self, at: Mark) -> None:
        """Go on from here: the first word of the group (whoever hears it is subscribed), another epoch, or past what
        was lost. What had gathered belongs to what is over."""
        self.at = at
        self.gathered.clear()
        self.subscribed.set()
