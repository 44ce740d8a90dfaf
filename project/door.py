"""The door: whoever opens more sockets than an address may is told so before anything is made for them.

A handshake that is refused the usual way costs as much as one that is let in, nearly a millisecond: five hundred of
them a second take half of the processor from those who are in. Here it is answered from the request's own bytes, with
the close code that the socket would have given. What is not plainly a handshake goes on as it always did, and the
socket counts it itself.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Callable
from typing import Any, cast

from twisted.internet import reactor as running
from twisted.internet.protocol import Protocol

from consumers import codes, limits
from progress import metrics

reactor: Any = running  # its interfaces are zope's, of which mypy knows nothing

_KEY = re.compile(rb"\r\nsec-websocket-key: *([\w+/=]{24})\r\n", re.IGNORECASE)
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""Of RFC 6455, section 1.3."""

SILENCE_SECONDS = 60.0
"""How long a connection may say nothing at all: Twisted's own limit for a request."""


class Door(Protocol):
    """A connection until its first bytes; then it is its channel's, or nobody's any more."""

    def __init__(self, build: Callable[[], Any], address: str) -> None:
        self._build = build
        self._address = address

    def connectionMade(self) -> None:
        """Wait for the first bytes."""
        self._silence = reactor.callLater(SILENCE_SECONDS, cast(Any, self.transport).abortConnection)

    def dataReceived(self, data: bytes) -> None:
        """Refuse one socket too many; hand on everything else."""
        self._silence.cancel()
        transport: Any = self.transport
        # A whole request for a socket and nothing after it.
        asks = data.startswith(b"GET /ws/") and data.endswith(b"\r\n\r\n")
        if asks and (key := _KEY.search(data)):
            if not limits.sockets().may_connect(self._address, time.monotonic()):
                metrics.met("connects_per_second")
                transport.write(refusal(key[1], codes.TOO_MANY_MESSAGES))
                transport.loseConnection()
                return
            transport.counted = True
        channel = self._build()
        transport.protocol = channel
        channel.makeConnection(transport)
        channel.dataReceived(data)

    def connectionLost(self, *_: Any) -> None:
        """It has said nothing, or was refused."""
        if self._silence.active():
            self._silence.cancel()


def refusal(key: bytes, code: int) -> bytes:
    """The answer that opens a socket for this key and closes it with this code."""
    accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
    return head + accept + b"\r\n\r\n\x88\x02" + code.to_bytes(2)


def was_counted(protocol: Any) -> bool:
    """Whether the door has counted this socket's connection."""
    return getattr(protocol.transport, "counted", False)
