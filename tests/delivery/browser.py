"""A browser: opens the feed's socket on a process, and keeps its page current as feed-follower.js does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from asgiref.sync import sync_to_async
from django.db import connection

from consumers import codes
from feed import snapshot
from feed.filters import Filters, parse_filters
from progress.models import User
from project.asgi import application
from tests.delivery.page import Page
from tests.delivery.process import Process

FINAL = (codes.BAD_PROTOCOL, codes.NOT_SIGNED_IN, codes.NOTHING_TO_SEE)
RETRY_SECONDS = 0.02
LIMIT = 200

Wanted = dict[str, Any]
"""Filters as a subscribe frame has them."""


class Browser:
    """One page of one person. Its coroutines, and what it does by itself, run on the loop of its process."""

    def __init__(self, person_id: int, session: str, process: Process, wanted: Wanted) -> None:
        self.person_id, self.process, self.wanted = person_id, process, wanted
        self.page = Page(filters=parse_filters(wanted))
        self.is_open = False
        self.refused: int | None = None
        """The final code by which it was closed, or what a snapshot's HTTP status says instead."""
        self.failures: list[Exception] = []
        """What the application raised instead of answering."""
        self._session = session
        self._round = 0
        self._connection = 0
        self._asked = False
        self._next: Wanted | None = None
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._reads = asyncio.Event()
        self._serving: asyncio.Task[Any] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_live(self) -> bool:
        """Whether it shows what it is told."""
        return self.is_open and self.page.subscribed

    async def load(self) -> None:
        """Open the page: a snapshot, then the socket."""
        self.refused = None
        await self._take_snapshot()
        if self.refused is None:
            await self.connect()

    async def connect(self) -> None:
        """Open a socket, which goes on from the page's position."""
        self._round += 1
        self._connection += 1
        self._inbox, self._reads = asyncio.Queue(), asyncio.Event()
        self._reads.set()
        self._inbox.put_nowait({"type": "websocket.connect"})
        number, reads = self._connection, self._reads

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "websocket.send":
                await reads.wait()
            if number == self._connection:
                self._told(message)

        async def serve() -> None:
            try:
                await application(self._scope(), self._inbox.get, send)  # type: ignore[arg-type]
            except Exception as failure:
                # As servers do it.
                self.failures.append(failure)
                await send({"type": "websocket.close", "code": 1011})

        self._serving = asyncio.create_task(serve())

    async def disconnect(self) -> None:
        """Let the connection fall."""
        self._let_go(1006)
        if self._serving is not None:
            await self._serving
            self._serving = None

    async def filter(self, wanted: Wanted) -> None:
        """Want something else to see, which takes a snapshot of it."""
        if self.is_open:
            self._next = wanted
            if not self._asked:
                self._renew_soon()
        else:
            self._want(wanted)
            self.page.position = None

    async def read(self, yes: bool) -> None:
        """Read from the socket, or let all wait in the server."""
        if yes:
            self._reads.set()
        else:
            self._reads.clear()

    def _told(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.accept":
            self.is_open = True
            self._subscribe()
        elif message["type"] == "websocket.close":
            self._let_go(message["code"])
            if message["code"] in FINAL:
                self.refused = message["code"]
            else:
                self._later(self.connect)
        else:
            self._hear(json.loads(message["text"]))

    def _hear(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "ping":
            self._say({"type": "pong"})
            return
        self._asked = self._asked and frame["type"] != "subscribed"
        if self.page.hear(frame) or (frame["type"] == "subscribed" and self._next is not None):
            self._renew_soon()

    def _say(self, frame: dict[str, Any]) -> None:
        self._inbox.put_nowait({"type": "websocket.receive", "text": json.dumps(frame)})

    def _subscribe(self) -> None:
        self.page.subscribed, self._asked = False, True
        self._say({"type": "subscribe", "position": self.page.position, "filters": self.wanted, "presence": False})

    def _let_go(self, code: int) -> None:
        self._round += 1
        self._connection += 1
        self.is_open = self.page.subscribed = self._asked = False
        if self._next is not None:
            self._want(self._next)
            self.page.position = None
        self._reads.set()
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": code})

    def _renew_soon(self) -> None:
        self.page.subscribed = False
        self._later(self._renew)

    async def _renew(self) -> None:
        if self._next is not None:
            self._want(self._next)
        round = self._round
        if await self._take_snapshot():
            if self.refused is not None:
                await self.disconnect()
            elif self.page.position is not None:
                self._subscribe()
        if round == self._round and not self._asked:
            self._renew_soon()

    def _want(self, wanted: Wanted) -> None:
        self.wanted, self._next = wanted, None
        self.page.filters = parse_filters(wanted)

    async def _take_snapshot(self) -> bool:
        round = self._round
        # As a request is served: in a thread of its own.
        taken = await sync_to_async(self._snapshot, thread_sensitive=False)(self.page.filters)
        if round != self._round:
            return False
        if taken.position == {}:
            self.refused = codes.NOTHING_TO_SEE
        self.page.replace_all(json.loads(msgspec.json.encode(taken.entries)), taken.position)
        return True

    def _snapshot(self, filters: Filters) -> snapshot.Snapshot:
        try:
            return snapshot.take(User.objects.get(pk=self.person_id), limit=LIMIT, filters=filters)
        finally:
            connection.close()

    def _later(self, act: Callable[[], Awaitable[None]]) -> None:
        self._round += 1
        round = self._round

        async def wait_and_act() -> None:
            await asyncio.sleep(RETRY_SECONDS)
            if round == self._round:
                await act()

        task = asyncio.create_task(wait_and_act())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _scope(self) -> dict[str, Any]:
        headers = {"host": "localhost", "origin": "http://localhost", "cookie": f"sessionid={self._session}"}
        return {
            "type": "websocket",
            "scheme": "ws",
            "path": "/ws/feed/",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "subprotocols": [],
        }
