"""Daphne's end of a socket: frames have limits, frames wait in a bounded queue, and what leaves may leave at once.

Daphne puts every inbound frame into a queue that has no limit. Here a socket whose frames wait is not read any more
until some are taken; the kernels hold the rest, and slow the sender (law 8).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings

from consumers import codes, limits
from consumers.wire import EXTENSION
from progress import metrics
from project import door, whole_frames
from project.direct import OPEN, DirectWire

MOST_WAITING = 64
"""Frames that wait for the consumer before the socket is not read any more; what one read brought may exceed it."""

FEW_WAITING = 16
"""It is read again once so few are left."""

_KEY = "feed.protocol"


class SocketProtocol(WebSocketProtocol):  # type: ignore[misc]
    """A socket whose frames have the limit of its kind: a tick is small, a position of many groups is not."""

    waiting = 0
    paused = False
    CONFIG_ATTRS: ClassVar[Sequence[str]] = ()

    @classmethod
    def take_options(cls, factory: Any) -> None:
        """Have the factory's options once, for all sockets.

        autobahn copies some forty of them into each socket, and formats them for a log line that nobody reads: half of
        the time of a connection, and several KB for as long as it lasts.
        """
        for name in WebSocketProtocol.CONFIG_ATTRS:
            option = getattr(factory, name)
            setattr(cls, name, staticmethod(option) if callable(option) else option)

    def dataReceived(self, data: bytes) -> None:
        """Take bytes from the network, without autobahn's log line, which colours words at each of them."""
        payload = None
        if self.state == OPEN and not self.data and self.current_frame is None and not self.inside_message:
            payload = whole_frames.text_of(data, most=self.maxMessagePayloadSize)
        if payload is None:
            self._dataReceived(data)
        else:
            self.onMessage(payload, False)

    def onConnect(self, request: Any) -> Any:
        """Set the limit before the first frame can come."""
        limit = (
            settings.LIMIT_FRAME_BYTES if request.path.startswith("/ws/lessons/") else settings.LIMIT_FEED_FRAME_BYTES
        )
        self.maxMessagePayloadSize = self.maxFramePayloadSize = limit
        return super().onConnect(request)

    def _max_message_size_exceeded(self, *sizes: Any) -> None:
        metrics.met("frame_bytes")
        super()._max_message_size_exceeded(*sizes)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Queue a frame; read no more where too many wait."""
        super().onMessage(payload, isBinary)
        self.waiting += 1
        if self.waiting >= MOST_WAITING and not self.paused:
            self.paused = True
            self.transport.pauseProducing()

    def taken(self) -> None:
        """A frame was taken from the queue."""
        self.waiting -= 1
        if self.paused and self.waiting <= FEW_WAITING and self.state == OPEN:
            self.paused = False
            self.transport.resumeProducing()

    def connectionLost(self, *reason: Any) -> None:
        """End, and be nobody's result any more (project.upgrades)."""
        super().connectionLost(*reason)
        self.is_closed = self.is_open = None

    def serverClose(self, code: int | None = None) -> None:
        """Close with any code of our table; autobahn's own `sendClose` knows none of the registered 1001 to 1015."""
        if self.state == OPEN:
            self.sendCloseFrame(code=code or 1000, isReply=False)
            if code in codes.DEAF:
                # To read what a flood has still on the way would take longer than the flood did. The other end's
                # close is not waited for: autobahn lets the connection go after a second.
                self.transport.pauseProducing()


def offer_wire(protocol: Any, scope: dict[str, Any]) -> None:
    """Offer the application direct writes, and have it say what it takes."""
    scope["extensions"] = {**scope.get("extensions", {}), EXTENSION: DirectWire(protocol)}
    scope[_KEY] = protocol
    scope[limits.COUNTED] = door.was_counted(protocol)


class Taking:
    """An ASGI application that tells a socket's protocol of each frame that another application takes."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        protocol = scope.pop(_KEY, None)
        if protocol is None:
            await self._application(scope, receive, send)
            return

        async def take() -> Any:
            message = await receive()
            if message["type"] == "websocket.receive":
                protocol.taken()
            return message

        await self._application(scope, take, send)
