"""A viewer: one feed socket as the hub sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from consumers import frames
from feed.filters import NONE, Filters
from feed.history import Mark

Tell = Callable[[object], Awaitable[None]]


@dataclass(eq=False, slots=True)
class Viewer:
    """Where a socket is in each of its groups, what it wants to see, and the frames that wait to be written.

    Frames are queued at once, so that nothing can come between a replay and the live frames after it, and written by
    one task in the order queued.
    """

    person_id: int
    tell: Tell
    filters: Filters = NONE
    cursors: dict[str, Mark] = field(default_factory=dict)
    told: dict[str, Mark] = field(default_factory=dict)
    turn: int = 0
    """Counts how often it was told to begin anew: a subscription that was under way then must not be completed."""
    _queue: list[object] = field(default_factory=list)
    _writing: asyncio.Task[None] | None = None

    def queue(self, frame: object) -> None:
        """Have a frame written after those queued before."""
        self._queue.append(frame)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    def reach(self, group: str, mark: Mark) -> None:
        """Note that everything up to `mark` was delivered or hidden."""
        self.cursors[group] = mark

    def queue_moved(self) -> None:
        """Tell the marks that moved over hidden entries only."""
        for group, mark in self.cursors.items():
            if self.told.get(group) != mark:
                self.told[group] = mark
                self.queue(frames.moved(group, mark))

    async def _write(self) -> None:
        try:
            while self._queue:
                batch, self._queue = self._queue, []
                for frame in batch:
                    await self.tell(frame)
        finally:
            self._writing = None

    def forget(self) -> None:
        """Drop what waits: the socket is gone or begins anew."""
        self.turn += 1
        self._queue.clear()
        self.cursors.clear()
        self.told.clear()


def position(cursors: dict[str, Mark]) -> dict[str, Any]:
    """Marks as they go on the wire."""
    return {group: str(mark) for group, mark in cursors.items()}
