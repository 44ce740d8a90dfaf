"""A web process's worth, in a thread of its own: an event loop with its own hub, connections and sockets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import connections

from consumers import hub
from feed import sources
from feed.entries import Entry
from progress import database, recorder

Answer = TypeVar("Answer")

_processes: dict[asyncio.AbstractEventLoop, Process] = {}


class Process:
    """Does what the test asks for, loses messages of the channel layer, and dawdles before it publishes."""

    def __init__(self) -> None:
        self.dawdles = False
        self.holding = 0
        """How often it has read entries that it has not come to publish."""
        self._to_lose = 0
        self._may_publish = asyncio.Event()
        self.loop = asyncio.new_event_loop()
        _processes[self.loop] = self
        self._thread = threading.Thread(target=self.loop.run_forever, name="a web process", daemon=True)
        self._thread.start()
        self.run(self._begin())

    def run(self, work: Coroutine[Any, Any, Answer], *, within: float = 20.0) -> Answer:
        """Do this in the process and return the answer."""
        return self.begin(work).result(within)

    def begin(self, work: Coroutine[Any, Any, Answer]) -> Future[Answer]:
        """Begin to do this in the process."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def do(self, function: Callable[..., Answer], *args: Any) -> Answer:
        """Call a synchronous function in the process, as its views are."""
        return self.run(sync_to_async(function)(*args))

    def lose(self, count: int) -> None:
        """Let so many of the next messages of the channel layer never reach the hub."""

        def lose() -> None:
            self._to_lose = count

        self.loop.call_soon_threadsafe(lose)

    def dawdle(self, yes: bool) -> None:
        """Wait, or wait no more, between reading entries and publishing them."""
        self.dawdles = yes
        self.loop.call_soon_threadsafe(self._may_publish.clear if yes else self._may_publish.set)

    def end(self) -> None:
        """Let go of everything."""
        try:
            self.run(self._end())
        finally:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join()
            del _processes[self.loop]
            self.loop.close()  # and the channel layer's connections

    async def _begin(self) -> None:
        self._may_publish.set()
        await database.open_pool()
        layer: Any = get_channel_layer()
        receive = layer._get_layer().receive

        async def receive_what_is_not_lost(channel: str) -> Any:
            while True:
                message = await receive(channel)
                if not self._to_lose:
                    return message
                self._to_lose -= 1

        layer._get_layer().receive = receive_what_is_not_lost
        await hub.hub().start()

    async def _come_to_publish(self) -> None:
        self.holding += 1
        try:
            await self._may_publish.wait()
        finally:
            self.holding -= 1

    async def _end(self) -> None:
        await recorder.idle()
        # Before Python 3.12 a task may miss that it is cancelled (asyncio.wait_for, under redis-py): until it hears.
        while left := [task for task in hub.hub()._tasks if not task.done()]:
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=0.1)
        await hub.stop()
        await database.close()
        await sync_to_async(connections.close_all)()


_read = sources.read


async def read_and_dawdle(type: str, pks: Any) -> dict[int, Entry]:
    """In place of `feed.sources.read`: what was read may be old news before it is published."""
    entries = await _read(type, pks)
    await _processes[asyncio.get_running_loop()]._come_to_publish()
    return entries
