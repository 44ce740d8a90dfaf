"""Replays: what viewers who join have missed, read once for all who join at the same moment, and framed once.

After a restart a whole school asks for the same items from nearly the same place.
"""

from __future__ import annotations

from collections.abc import Sequence

from redis.exceptions import RedisError

from consumers import frames
from consumers.frames import Item
from consumers.wire import Run
from feed.filters import Filters
from feed.history import Mark, Place
from feed.layer import histories
from progress.together import Together

AWAY = (RedisError, OSError, TimeoutError)


class Replayed:
    """What a group's history has after a mark up to `at`, for everybody who asked from there."""

    __slots__ = ("_after", "_built", "_group", "at", "items")

    def __init__(self, group: str, after: Mark, at: Mark, items: Sequence[Item]) -> None:
        self._group = group
        self._after = after
        self.at = at
        self.items = items
        self._built: dict[Filters, tuple[Run, Mark] | tuple[None, None]] = {}

    def run(self, filters: Filters) -> tuple[Run, Mark] | tuple[None, None]:
        """Its frames for viewers with these filters, and the mark that the last of them tells."""
        if filters not in self._built:
            self._built[filters] = frames.run_of(self._group, self._after, self.items, filters)
        return self._built[filters]


async def _read(places: Sequence[Place]) -> dict[Place, Replayed]:
    decoded: dict[bytes, Item] = {}

    def item(text: bytes) -> Item:
        if text not in decoded:
            decoded[text] = frames.item(text)
        return decoded[text]

    found = await histories().replays(places)
    return {
        (group, mark): Replayed(group, mark, replay.at, [item(text) for text in replay.items])
        for (group, mark), replay in found.items()
    }


_together = Together(_read, away=AWAY)


async def after(group: str, mark: Mark) -> Replayed | None:
    """Return what the group's history has after `mark`; None where it cannot be given whole."""
    return await _together.ask((group, mark))
