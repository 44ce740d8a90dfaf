"""The watch: what operators see is found out once a process, every two seconds, while somebody looks."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from consumers.ops import actions_log, configuration, facts, symptoms
from consumers.ops.away import Away, unless_away
from consumers.ops.configuration import Wrong
from consumers.ops.facts import Facts
from consumers.ops.shown import shown
from consumers.wire import Frame

if TYPE_CHECKING:
    from consumers.ops.socket import OpsConsumer

log = logging.getLogger(__name__)

EVERY_SECONDS = 2.0
FRESH_SECONDS = 1.0
"""How long what was seen serves whoever opens the page at the same moment."""


class Look(msgspec.Struct, frozen=True):
    """What was seen, as pages and sockets show it."""

    at: float
    values: dict[str, Any]
    frame: Frame


class Watch:
    """One loop's operators, and the last look."""

    def __init__(self) -> None:
        self._sockets: set[OpsConsumer] = set()
        self._task: asyncio.Task[None] | None = None
        self._looking = asyncio.Lock()
        self._last: Look | None = None
        self._before: Facts | None = None
        self._wrong: Sequence[Wrong] | None = None

    def join(self, socket: OpsConsumer) -> None:
        """Show this socket what is seen, from now on."""
        self._sockets.add(socket)
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def leave(self, socket: OpsConsumer) -> None:
        """Show it nothing more."""
        self._sockets.discard(socket)

    async def look(self) -> Look:
        """Look now; who asks at the same moment gets the same answer."""
        async with self._looking:
            now = asyncio.get_running_loop().time()
            if self._last is None or now - self._last.at > FRESH_SECONDS:
                self._last = await self._look(now)
            return self._last

    async def _look(self, now: float) -> Look:
        if self._wrong is None:
            self._wrong = await configuration.read()
        looked, log_of_actions = await asyncio.gather(facts.gather(self._wrong), unless_away(actions_log.newest()))
        values = shown(looked, symptoms.found(looked), rates(self._before, looked), log_of_actions)
        self._before = looked
        return Look(now, values, Frame.of({"type": "ops", **values}))

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._sockets:
                due = loop.time() + EVERY_SECONDS
                try:
                    frame = (await self.look()).frame
                    for socket in list(self._sockets):
                        await socket.show(frame)
                except Exception:
                    # What cannot be shown now is tried again: operators look because something is wrong.
                    log.exception("Operators could not be shown anything")
                await asyncio.sleep(max(0.0, due - loop.time()))
        finally:
            self._task = None


def rates(before: Facts | None, now: Facts) -> Mapping[str, float]:
    """How many items a second each group got since the look before, where it is in the same epoch."""
    if before is None or isinstance(before.processes, Away) or isinstance(now.processes, Away):
        return {}
    known = {each.group: each for each in before.processes.groups}
    seconds = max(now.at - before.at, 0.001)
    return {
        each.group: max(0, each.offset - known[each.group].offset) / seconds
        for each in now.processes.groups
        if each.group in known and known[each.group].epoch == each.epoch
    }


_watches: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Watch] = weakref.WeakKeyDictionary()


def watch() -> Watch:
    """The running loop's watch."""
    loop = asyncio.get_running_loop()
    if loop not in _watches:
        _watches[loop] = Watch()
    return _watches[loop]
