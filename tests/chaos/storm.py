"""Many viewers of one group who come, are broken off, and come back all together; each counts what it gets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from feed.history import Mark, parse_mark
from tests.live import Site, until

GROUP = "feed.all"
ADDRESSES = 40
"""They come from so many addresses, as from so many schools: each may connect 200 times a second."""

LIVE_WITHIN = 60.0


class Frame(msgspec.Struct):
    """What a viewer looks at."""

    type: str
    entries: list[msgspec.Raw] = []
    ids: list[msgspec.Raw] = []
    position: dict[str, str] = {}
    recovered: bool = False


@dataclass(eq=False)
class Seat:
    """One of them: where it is, and what it has had."""

    web: int
    source: str
    mark: str
    socket: ClientConnection | None = None
    live: bool = False
    items: int = 0
    broken: str = ""

    def take(self, frame: Frame) -> None:
        """Count a frame, and see that it follows what was there before."""
        if frame.type == "subscribed":
            self.live = frame.recovered
            self.broken = self.broken or ("" if frame.recovered else "a position was not recovered")
        elif frame.type == "reset":
            self.broken = self.broken or "reset"
        elif frame.position:
            items = len(frame.entries) + len(frame.ids)
            before, after = parse_mark(self.mark), parse_mark(frame.position[GROUP])
            if before is None or after != Mark(before.epoch, before.offset + items):
                self.broken = self.broken or f"{items} items after {before} do not reach {after}"
            self.mark = frame.position[GROUP]
            self.items += items


class Storm:
    """The viewers: administrators all, on one session, half of them on each web process."""

    def __init__(self, site: Site, session: str, position: dict[str, str], number: int) -> None:
        self.site, self.session = site, session
        self.seats = [
            Seat(index % len(site.ports), f"127.0.1.{1 + index % ADDRESSES}", position[GROUP])
            for index in range(number)
        ]
        self._listening: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.come_back()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for seat in self.seats:
            if seat.socket is not None:
                seat.socket.transport.abort()
        await asyncio.gather(*self._listening, return_exceptions=True)

    @property
    def items(self) -> int:
        """What all of them have had."""
        return sum(seat.items for seat in self.seats)

    async def come_back(self) -> None:
        """Everybody connects, within the second that full jitter spreads them over."""
        await asyncio.gather(*map(self._come, self.seats))

    def break_off(self) -> None:
        """Reset every connection."""
        for seat in self.seats:
            seat.live = False
            if seat.socket is not None:
                seat.socket.transport.abort()

    async def until_all_are_live(self) -> None:
        """Wait until everybody has subscribed and was recovered."""
        try:
            await until(lambda: all(seat.live for seat in self.seats), within=LIVE_WITHIN)
        except AssertionError:
            raise AssertionError(f"not live within {LIVE_WITHIN:g} s: {self._said()}") from None

    async def until_all_have(self, position: dict[str, str] | None) -> None:
        """Wait until everybody is as far as this position, without a gap and with nothing twice."""
        assert position is not None
        wanted = parse_mark(position[GROUP])
        assert wanted is not None

        def there(seat: Seat) -> bool:
            at = parse_mark(seat.mark)
            return at is not None and at.epoch == wanted.epoch and at.offset >= wanted.offset

        await until(lambda: all(map(there, self.seats)), within=LIVE_WITHIN, what="everybody to have all")
        assert (broken := {seat.broken for seat in self.seats}) == {""}, broken

    def _said(self) -> str:
        left = [seat for seat in self.seats if not seat.live]
        codes = Counter(seat.socket.close_code if seat.socket else 0 for seat in left)
        return f"{len(left)} of {len(self.seats)}, {Counter(seat.broken for seat in left)}, close codes {codes}"

    async def _come(self, seat: Seat) -> None:
        for failures in range(8):
            await asyncio.sleep(random.random() * 2.0**failures)  # spread, as js/socket.js does
            with contextlib.suppress(OSError, TimeoutError, WebSocketException):
                seat.socket = await self._connected(seat)
                listening = asyncio.create_task(self._listen(seat, seat.socket))
                self._listening.add(listening)
                listening.add_done_callback(self._listening.discard)
                return
        raise AssertionError(f"a viewer was not let in by {self.site.address(seat.web)}")

    async def _connected(self, seat: Seat) -> ClientConnection:
        address = self.site.address(seat.web)
        headers = {"Cookie": f"sessionid={self.session}", "Origin": f"http://{address}"}
        opened = await connect(
            f"ws://{address}/ws/feed/",
            additional_headers=headers,
            max_size=None,
            local_addr=(seat.source, 0),
            ping_interval=None,
            compression=None,
            open_timeout=30,
        )
        asked: dict[str, Any] = {"type": "subscribe", "position": {GROUP: seat.mark}, "filters": {}}
        await opened.send(json.dumps(asked))
        return opened

    async def _listen(self, seat: Seat, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in socket:
                frame = msgspec.json.decode(text, type=Frame)
                if frame.type == "ping":
                    await socket.send('{"type":"pong"}')
                else:
                    seat.take(frame)
