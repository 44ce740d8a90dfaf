"""A viewer: one feed socket as the hub sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from consumers import frames, metrics
from consumers.wire import Frame, Run, Wire
from feed.filters import NONE, Filters
from feed.history import Mark


@dataclass(eq=False, slots=True)
class Viewer:
    """Where a socket is in each of its groups, what it wants to see, and its wire.

    Frames are written in the step that decides them, so that nothing can come between a replay and the live frames
    after it.
    """

    wire: Wire
    end: Callable[[], Awaitable[None]]
    """Ends its connection: the other end reads too slowly."""
    filters: Filters = NONE
    cursors: dict[str, Mark] = field(default_factory=dict)
    told: dict[str, Mark] = field(default_factory=dict)
    turn: int = 0
    """Counts how often it was told to begin anew: a subscription that was under way then must not be completed."""
    behind_since: float | None = None
    """Since when it is too full to be given anything; None where it is not."""

    def write(self, frame: Frame) -> None:
        """Have one frame written."""
        self.wire.write(frame)

    def give(self, group: str, at: Mark, run: Run | None, told: Mark | None) -> None:
        """Write a run of entries, which may be None where filters hide all, and note what the viewer has now."""
        if run is not None and told is not None:
            self.wire.write_all(run)
            metrics.sent(run, 1)
            self.told[group] = told
        self.cursors[group] = at

    def tell_moved(self) -> None:
        """Tell the marks that moved over hidden entries only."""
        for group, mark in self.cursors.items():
            if self.told.get(group) != mark:
                self.told[group] = mark
                self.wire.write_all(Run([frames.moved(group, mark)]))

    def forget(self) -> None:
        """Drop what can be held back: the socket is gone or begins anew."""
        self.turn += 1
        self.behind_since = None
        self.cursors.clear()
        self.told.clear()
        self.wire.drop()
