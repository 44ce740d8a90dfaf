"""The reporter: one task a process, which reports every two seconds and looks how late the event loop is."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Callable, Mapping

from redis.exceptions import RedisError

from consumers.ops import process, report
from consumers.ops.process import Kind
from consumers.ops.registry import registry
from consumers.ops.report import Report
from feed.history import Mark
from progress.ending import end
from progress.failures import in_words

log = logging.getLogger(__name__)

EVERY_SECONDS = 2.0
LOOK_SECONDS = 0.1
"""How often the loop's lateness is looked at: what holds it up for longer than that is seen."""

AWAY = (RedisError, OSError, TimeoutError)


class Reporter:
    """Reports until it is cancelled; `draining` says whether the process has been asked to end."""

    def __init__(self, kind: Kind, draining: Callable[[], bool]) -> None:
        self._kind = kind
        self._draining = draining
        self._draining_since: float | None = None
        self._seen: Mapping[str, Mark] = {}
        self._away = False

    async def run(self) -> None:
        """Report now, and every two seconds."""
        lag = 0.0
        while True:
            try:
                await self._report(lag)
            except Exception:
                # A report that cannot be made must not end the reports.
                log.exception("A report could not be made")
            lag = await self._lag()

    async def _report(self, lag: float) -> None:
        try:
            seen = await self._look()
        except AWAY as error:
            self._seen = {}
            report.show(self._take(lag, report.NOTHING_SEEN))
            self._cannot(error)
            return
        taken = self._take(lag, seen)
        report.show(taken)
        try:
            await registry().write(taken)
            self._away = False
        except AWAY as error:
            self._cannot(error)

    def _cannot(self, error: Exception) -> None:
        if not self._away:  # the hub says it too, as an error; this is only about /ops/
            log.info("Reports cannot be written", extra={"error": in_words(error)})
        self._away = True

    async def _look(self) -> report.Seen:
        """Where Redis has our groups: asked before the report is taken, so that this process may have heard it."""
        kept = await registry().histories(report.heard_groups())
        before, self._seen = self._seen, {group: Mark(each.epoch, each.offset) for group, each in kept.items()}
        return report.Seen(before, self._seen)

    def _take(self, lag: float, seen: report.Seen) -> Report:
        now = asyncio.get_running_loop().time()
        draining = self._draining()
        if draining and self._draining_since is None:
            self._draining_since = now
        since = now if self._draining_since is None else self._draining_since
        return report.take(self._kind, draining=draining, draining_seconds=now - since, loop_lag=lag, seen=seen)

    async def _lag(self) -> float:
        loop = asyncio.get_running_loop()
        until, most = loop.time() + EVERY_SECONDS, 0.0
        while (before := loop.time()) < until:
            await asyncio.sleep(LOOK_SECONDS)
            most = max(most, loop.time() - before - LOOK_SECONDS)
        return most


_tasks: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[None]] = weakref.WeakKeyDictionary()


def start(kind: Kind, draining: Callable[[], bool] = lambda: False) -> None:
    """Report from now on, on the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _tasks:
        _tasks[loop] = loop.create_task(Reporter(kind, draining).run())


async def stop() -> None:
    """Report no more, and take the report out."""
    task = _tasks.pop(asyncio.get_running_loop(), None)
    if task is None:
        return
    await end(task)
    try:
        await registry().forget(process.ID)
    except AWAY as error:
        log.info("The report could not be taken out; it ends by itself", extra={"error": in_words(error)})
