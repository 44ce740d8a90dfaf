"""The fan-out: whatever gathered in the streams goes to their viewers, pass after pass.

What comes while a pass is under way goes out with the next one, as one run of frames for each viewer. A viewer that
does not read is passed over, and catches up from the history once it does; nothing of it waits here (law 8).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import cast

from django.conf import settings
from redis.exceptions import RedisError

from consumers import codes, frames, metrics
from consumers.frames import Item
from consumers.stream import Stream
from consumers.viewer import Viewer
from consumers.wire import Run
from feed.history import Mark
from feed.layer import histories
from progress.failures import in_words

log = logging.getLogger(__name__)

YIELD_EVERY = 250
"""Viewers between two looks at what else there is to do: a millisecond or two of writing."""

RELIEF_SECONDS = 0.1
CHUNK = 100
"""Items that a viewer who catches up is given at a time, before its wire is looked at again."""

Reset = Callable[[Iterable[Viewer], str], None]


class FanOut:
    """One process's passes over its streams; `reset` tells viewers to begin anew."""

    def __init__(self, streams: Mapping[str, Stream], reset: Reset) -> None:
        self._streams = streams
        self._reset = reset
        self._behind: set[Viewer] = set()
        self._gathered = asyncio.Event()
        self._anybody_behind = asyncio.Event()

    def wake(self) -> None:
        """Have a pass made: something has gathered."""
        self._gathered.set()

    async def run(self) -> None:
        """Make passes for as long as there is something to give."""
        while True:
            await self._gathered.wait()
            self._gathered.clear()
            for stream in list(self._streams.values()):
                if (taken := stream.take()) is not None:
                    await self._pass(stream, *taken)

    async def relieve(self) -> None:
        """Let those who are behind catch up as they read; close those who do not."""
        while True:
            await self._anybody_behind.wait()
            for viewer in list(self._behind):
                try:
                    await self._relieve(viewer)
                except (RedisError, OSError, TimeoutError) as error:
                    log.debug("A viewer could not catch up yet", extra={"error": in_words(error)})
                except Exception:
                    log.exception("A viewer could not catch up")
                    self._no_longer_behind(viewer)
                    self._reset([viewer], "history_lost")
            if not self._behind:
                self._anybody_behind.clear()
            await asyncio.sleep(RELIEF_SECONDS)

    async def _pass(self, stream: Stream, before: Mark, items: list[Item]) -> None:
        group, at = stream.group, cast(Mark, stream.passed)
        count = 0
        for filters, viewers in stream.viewers.alike():
            try:
                run, told = frames.run_of(group, before, items, filters)
            except Exception:
                # Nothing may be skipped without a word (law 5), and an item that nobody can read is read by nobody.
                log.exception("Entries could not be framed", extra={"group": group})
                self._reset(viewers, "history_lost")
                continue
            written = 0
            for viewer in viewers:
                try:
                    # Nearly always: it was there when the last pass ended, and reads.
                    if viewer.cursors.get(group) is before and viewer.behind_since is None:
                        written += self._give(viewer, group, at, run, told)
                    else:
                        self._give_if_due(viewer, group, before, at, items, run, told)
                except Exception:
                    # One viewer must not cost another its entries.
                    log.exception("A viewer could not be given entries", extra={"group": group})
                    self._reset([viewer], "history_lost")
                count += 1
                if count % YIELD_EVERY == 0:
                    await asyncio.sleep(0)
            if run is not None and written:
                metrics.sent(run, written)
        if count:
            metrics.written(items[-1], published_at=stream.published_at)
        stream.published_at = 0.0

    def _give(self, viewer: Viewer, group: str, at: Mark, run: Run | None, told: Mark | None) -> bool:
        """Give a viewer what is due; return whether anything was written."""
        written = False
        if run is not None and told is not None:
            if not viewer.wire.give(run, codes.BEHIND_BYTES):
                self._fell_behind(viewer)
                return False
            viewer.told[group] = told
            written = True
        viewer.cursors[group] = at
        return written

    def _give_if_due(
        self,
        viewer: Viewer,
        group: str,
        before: Mark,
        at: Mark,
        items: list[Item],
        run: Run | None,
        told: Mark | None,
    ) -> None:
        cursor = viewer.cursors.get(group)
        if cursor is None or cursor.epoch != at.epoch or cursor.offset >= at.offset:
            return  # it left during the pass, or joined from a replay that has all this
        if viewer.behind_since is not None:
            return
        if cursor.offset > before.offset:
            # It joined from a replay that was ahead of the last pass by part of these items.
            run, told = frames.run_of(group, cursor, items[cursor.offset - before.offset :], viewer.filters)
        elif cursor.offset < before.offset:
            raise LookupError(f"a viewer at {cursor} was left behind at {before}")
        if self._give(viewer, group, at, run, told) and run is not None:
            metrics.sent(run, 1)

    def behind(self) -> int:
        """How many viewers are passed over now."""
        return len(self._behind)

    def _fell_behind(self, viewer: Viewer) -> None:
        metrics.passed_over.inc()
        viewer.behind_since = asyncio.get_running_loop().time()
        self._behind.add(viewer)
        self._anybody_behind.set()

    def _no_longer_behind(self, viewer: Viewer) -> None:
        viewer.behind_since = None
        self._behind.discard(viewer)

    async def _relieve(self, viewer: Viewer) -> None:
        if viewer.behind_since is None:  # it left, or began anew
            self._behind.discard(viewer)
            return
        unsent, most = viewer.wire.unsent(), settings.LIMIT_UNSENT_BYTES
        stalled = asyncio.get_running_loop().time() - viewer.behind_since > codes.STALLED_SECONDS
        if stalled or (most and unsent > most):
            self._no_longer_behind(viewer)
            await viewer.end()
        elif unsent <= codes.BEHIND_BYTES // 2:
            await self._catch_up(viewer)

    async def _catch_up(self, viewer: Viewer) -> None:
        while missing := [group for group, mark in viewer.cursors.items() if self._is_behind(group, mark)]:
            for group in missing:
                turn, cursor = viewer.turn, viewer.cursors[group]
                replay = await histories().replay(group, cursor)
                if viewer.turn != turn:
                    return
                if replay is None:
                    self._no_longer_behind(viewer)
                    self._reset([viewer], "history_lost")
                    return
                if not self._give_in_chunks(viewer, group, cursor, [frames.item(each) for each in replay.items]):
                    viewer.behind_since = asyncio.get_running_loop().time()  # it reads, if slowly
                    return
        self._no_longer_behind(viewer)

    def _give_in_chunks(self, viewer: Viewer, group: str, cursor: Mark, items: list[Item]) -> bool:
        """Give as much as the wire takes; return whether that was all."""
        for start in range(0, len(items), CHUNK):
            if viewer.wire.unsent() > codes.BEHIND_BYTES:
                return False
            chunk = items[start : start + CHUNK]
            run, told = frames.run_of(group, cursor, chunk, viewer.filters)
            cursor = Mark(cursor.epoch, cursor.offset + len(chunk))
            viewer.give(group, cursor, run, told)
        return True

    def _is_behind(self, group: str, mark: Mark) -> bool:
        stream = self._streams.get(group)
        at = stream.at if stream is not None else None
        # Of another epoch it is not behind: its `reset` is on the way.
        return at is not None and at.epoch == mark.epoch and mark.offset < at.offset
