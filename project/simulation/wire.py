"""The wire between a player and the site: one socket at a time, and whatever is not acked is sent again, in order."""

from __future__ import annotations

import asyncio
import contextlib
import json
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from progress.ending import end
from project.simulation.backoff import Backoff
from project.simulation.browser import Browser, TurnedAway
from project.simulation.tally import Tally

WINDOW = 20  # ticks on the way at a time, as our own player's
SILENCE = 60.0  # seconds; the site pings every 25
CLOSE_WITHIN = 2.0
FINAL = frozenset({4000, 4401, 4403, 4409})  # docs/protocol.md, "Close codes"


class Wire:
    """A player's reports on their way; a context, connected from its beginning to its end."""

    def __init__(self, browser: Browser, lesson_id: int, tally: Tally) -> None:
        self._browser = browser
        self._path = f"/ws/lessons/{lesson_id}/progress/"
        self._tally = tally
        self._unacked: dict[int, dict[str, Any]] = {}
        self._sent = 0  # the last id sent on this socket
        self._socket: ClientConnection | None = None
        self._online = asyncio.Event()
        self._welcome: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._changed = asyncio.Event()
        self._to_send = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._online.set()
        self._running = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await end(self._running)
        if not self._running.cancelled():
            self._running.exception()  # whoever waited for something has had it

    def put(self, tick: dict[str, Any]) -> None:
        """Take a report; it is kept until the site has acked it."""
        self._unacked[tick["id"]] = tick
        self._to_send.set()

    def online(self, there: bool) -> None:
        """Say whether there is a network. Without one a socket does not close: it falls."""
        if there:
            self._online.set()
        elif self._online.is_set():
            self._online.clear()
            if self._socket is not None:
                self._socket.transport.abort()

    async def welcomed(self) -> dict[str, Any]:
        """Wait for the site's first word on this lesson. Raises TurnedAway."""
        either: list[asyncio.Future[Any]] = [self._running, self._welcome]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not self._welcome.done():
            self._running.result()
        return self._welcome.result()

    async def saved(self) -> None:
        """Wait until everything is acked. Raises TurnedAway."""
        while self._unacked:
            if self._running.done():
                self._running.result()
            self._changed.clear()
            changed: asyncio.Task[Any] = asyncio.create_task(self._changed.wait())
            try:
                await asyncio.wait([self._running, changed], return_when=asyncio.FIRST_COMPLETED)
            finally:
                changed.cancel()

    async def _run(self) -> None:
        backoff = Backoff()
        while True:
            await self._online.wait()
            code = await self._connected(backoff)
            self._socket = None
            if code in FINAL:
                raise TurnedAway(f"{self._path} closed with {code}")
            self._tally.reconnects += 1
            await backoff.wait()

    async def _connected(self, backoff: Backoff) -> int | None:
        """Speak on one socket until it is over; return its close code."""
        address = self._browser.address
        try:
            async with connect(
                f"ws://{address.authority}{self._path}",
                additional_headers={"Cookie": self._browser.cookies, "Origin": address.origin},
                close_timeout=CLOSE_WITHIN,
                proxy=None,  # this machine is not behind the environment's proxy
                compression=None,
                ping_interval=None,  # the site's own pings are enough
            ) as socket:
                self._socket, self._sent = socket, 0
                if not self._online.is_set():  # the network went while the socket opened
                    socket.transport.abort()
                sending = asyncio.create_task(self._send(socket))
                try:
                    while True:
                        async with asyncio.timeout(SILENCE):
                            frame = json.loads(await socket.recv())
                        backoff.worked()
                        await self._heard(frame, socket)
                finally:
                    sending.cancel()
                    with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                        await sending
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None
        except InvalidStatus as refused:
            # A browser is told no status, but a server that refuses the handshake itself will not think better of it.
            if 400 <= refused.response.status_code < 500 and refused.response.status_code != 429:
                raise TurnedAway(f"{self._path}: {refused}") from refused
            return None
        except (OSError, TimeoutError, WebSocketException):
            return None

    async def _heard(self, frame: dict[str, Any], socket: ClientConnection) -> None:
        match frame:
            case {"type": "welcome"}:
                if not self._welcome.done():
                    self._welcome.set_result(frame)
            case {"type": "ack", "id": int(last)}:
                for id in [id for id in self._unacked if id <= last]:
                    del self._unacked[id]
                    self._tally.acked += 1
            case {"type": "error", "id": int(id)}:
                # A tick that the site calls bad stays bad: it is never sent again.
                self._tally.refused += self._unacked.pop(id, None) is not None
            case {"type": "ping"}:
                await socket.send('{"type": "pong"}')
        self._changed.set()
        self._to_send.set()

    async def _send(self, socket: ClientConnection) -> None:
        while True:
            self._to_send.clear()
            for id in [id for id in list(self._unacked)[:WINDOW] if id > self._sent]:
                self._sent = id
                await socket.send(json.dumps(self._unacked[id]))
            await self._to_send.wait()
