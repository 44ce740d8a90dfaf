"""The wire: how frames leave for one socket, and how many bytes of them nobody has taken yet.

A server that offers the extension below takes a ready frame and writes it at once; ours does (project/direct.py). With
any other ASGI server the same frames go through plain `websocket.send`, one after another, by a task.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import msgspec

from progress.failures import in_words

log = logging.getLogger(__name__)

EXTENSION: Final = "feed.wire"
"""The key in `scope["extensions"]` under which a server offers a Wire for the socket."""

Send = Callable[[Any], Awaitable[None]]


class Frame:
    """A text frame: its JSON text, and the same with a WebSocket header, made once however many sockets get it."""

    __slots__ = ("_framed", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._framed: bytes | None = None

    @classmethod
    def of(cls, said: object) -> Frame:
        """The frame that says this, whatever JSON can say."""
        return said if isinstance(said, Frame) else cls(msgspec.json.encode(said))

    @property
    def framed(self) -> bytes:
        """The bytes on the wire: one unmasked, uncompressed, final text frame (RFC 6455, section 5.2)."""
        if self._framed is None:
            self._framed = header(len(self.text)) + self.text
        return self._framed


def header(size: int) -> bytes:
    """The header of an unmasked, final text frame with so many bytes of text."""
    if size < 126:
        return bytes((0x81, size))
    if size < 65_536:
        return bytes((0x81, 126)) + size.to_bytes(2, "big")
    return bytes((0x81, 127)) + size.to_bytes(8, "big")


class Wire(Protocol):
    """What a socket's frames are given to. Nothing here waits: whoever writes to many looks at `unsent` first."""

    def write(self, frame: Frame) -> None:
        """Have the frame sent after those before it; on a socket that is closed nothing happens."""

    def write_all(self, frames: Run) -> None:
        """The same for several, which many sockets get."""

    def give(self, frames: Run, most: int) -> bool:
        """The same, unless more than `most` bytes are unsent; return whether they were taken."""

    def unsent(self) -> int:
        """Bytes that were written and that the system has not taken yet."""

    def drop(self) -> None:
        """Forget what can still be held back."""

    def abort(self) -> None:
        """End the connection without another word: its other end does not read."""


class Run:
    """Frames that follow each other, for many sockets; their bytes on the wire are joined once."""

    __slots__ = ("_joined", "entries", "frames")

    def __init__(self, frames: list[Frame], entries: int = 0) -> None:
        self.frames = frames
        self.entries = entries
        """How many entries and withdrawals they hold."""
        self._joined: bytes | None = None

    @property
    def joined(self) -> bytes:
        """The bytes of all of them."""
        if self._joined is None:
            self._joined = b"".join([frame.framed for frame in self.frames])
        return self._joined


class Queued:
    """A wire through `websocket.send`, which waits for as long as the server makes it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[tuple[Frame, bool]] = deque()
        self._unsent = 0
        self._under_way = 0
        self._sending: asyncio.Task[None] | None = None

    def write(self, frame: Frame) -> None:
        """Queue it; a task sends."""
        self._queue(frame, may_go=False)

    def write_all(self, frames: Run) -> None:
        """Queue them."""
        for frame in frames.frames:
            self._queue(frame, may_go=True)

    def give(self, frames: Run, most: int) -> bool:
        """Queue them, unless too much waits."""
        if self._unsent > most:
            return False
        self.write_all(frames)
        return True

    def unsent(self) -> int:
        """Bytes that wait here, the frame under way among them."""
        return self._unsent

    def drop(self) -> None:
        """Forget the runs that wait; the frame under way cannot be taken back.

        Answers stay: without `subscribed` the page would take the `reset` that follows for the subscription before.
        """
        self._waiting = deque(each for each in self._waiting if not each[1])
        self._unsent = sum(len(frame.text) for frame, _ in self._waiting) + self._under_way

    def abort(self) -> None:
        """Stop sending: plain ASGI has nothing harder than the close that follows."""
        self._forget_all()
        if self._sending is not None:
            self._sending.cancel()

    def _queue(self, frame: Frame, *, may_go: bool) -> None:
        self._waiting.append((frame, may_go))
        self._unsent += len(frame.text)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all())

    def _forget_all(self) -> None:
        self._waiting.clear()
        self._unsent = self._under_way

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                frame, _ = self._waiting.popleft()
                self._under_way = len(frame.text)
                try:
                    await self._send({"type": "websocket.send", "text": frame.text.decode()})
                finally:
                    self._unsent -= len(frame.text)
                    self._under_way = 0
        except (OSError, RuntimeError) as error:
            # The other end is gone, which `websocket.disconnect` says too.
            log.debug("A frame could not be sent", extra={"error": in_words(error)})
            self._forget_all()
        finally:
            self._sending = None


def wire_of(scope: Any, send: Send) -> Wire:
    """The server's own wire for this socket, or one through `send`."""
    offered: Wire | None = (scope.get("extensions") or {}).get(EXTENSION)
    return offered if offered is not None else Queued(send)
