"""Direct writes: a ready frame goes to the kernel at once, past Twisted's buffers and its next turn of the loop.

Written through Twisted, each frame costs two epoll_ctl calls and waits for the next turn. That is most of the time of a
fan-out. It may be left out only where nothing else could come between: nothing waits before us, on a plain TCP
connection that is there and is not about to go (`DirectWire._write`).
"""

from __future__ import annotations

from typing import Any

from daphne.ws_protocol import WebSocketProtocol
from twisted.internet.tcp import Connection

from consumers.wire import Frame, Run

OPEN = WebSocketProtocol.STATE_OPEN


class DirectWire:
    """One socket's wire over Daphne's protocol of it, for the reactor's own thread."""

    __slots__ = ("_plain", "_protocol")

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        transport = protocol.transport
        # An open WebSocket does not begin TLS any more: what is plain now stays so.
        self._plain = isinstance(transport, Connection) and not transport.TLS

    def write(self, frame: Frame) -> None:
        """Write one frame."""
        self._write(frame.framed)

    def write_all(self, frames: Run) -> None:
        """Write several in one call to the system."""
        self._write(frames.joined)

    def give(self, frames: Run, most: int) -> bool:
        """Write several, unless too much is unsent."""
        if _unsent(self._protocol.transport) > most:
            return False
        self._write(frames.joined)
        return True

    def unsent(self) -> int:
        """Bytes in the transport's two buffers."""
        return _unsent(self._protocol.transport)

    def drop(self) -> None:
        """Nothing is held back here: what was written is with the transport or the kernel."""

    def abort(self) -> None:
        """Reset the connection: a close frame would wait behind what nobody reads."""
        self._protocol.transport.abortConnection()

    def _write(self, data: bytes) -> None:
        protocol = self._protocol
        if protocol.state != OPEN:
            return  # closing or closed: nothing may follow a close frame
        transport = protocol.transport
        if (
            not self._plain
            or protocol.send_queue
            or transport._tempDataLen
            or len(transport.dataBuffer) > transport.offset
            or transport.disconnecting
            or not transport.connected
        ):
            protocol.sendData(data)  # in its turn, behind what waits there already
            return
        try:
            sent = transport.socket.send(data)
        except OSError:
            # Full (EAGAIN), or broken: then the transport finds that out too, and says so to whom it concerns.
            sent = 0
        if sent < len(data):
            transport.write(data[sent:])


def _unsent(transport: Any) -> int:
    unsent: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
    return unsent
