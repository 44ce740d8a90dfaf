"""Bodies of requests, taken from disk piece by piece: an uploaded video never stands in memory as a whole.

Twisted puts a long body into a file. Then it parses forms itself, for nobody here, and Daphne reads the file at once
into a queue that has no limit; each does nothing else meanwhile. At 600 MB that was half a minute and 8 GB (Twisted
26.10, web/http.py, `Request.requestReceived`; daphne 4.2.3, http_protocol.py, `WebRequest.process`). So Twisted is told
not to parse (project.upgrades), and the body is kept back from Daphne.
"""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Any, BinaryIO

PIECE_BYTES = 64 * 1024

_KEY = "feed.body"


def keep_back(protocol: Any, scope: dict[str, Any]) -> None:
    """Take the body from Daphne's request before Daphne reads it, and leave an empty one."""
    scope[_KEY], protocol.content = protocol.content, BytesIO()


class Pieces:
    """An ASGI application that gives another one the bodies that were kept back."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        body: BinaryIO | None = scope.pop(_KEY, None)
        if body is None:
            await self._application(scope, receive, send)
            return
        with body:
            await self._application(scope, _Receive(body, receive), send)


class _Receive:
    """Gives the body, then whatever Daphne has to say but its own, empty, body."""

    def __init__(self, body: BinaryIO, receive: Any) -> None:
        self._body = body
        self._receive = receive
        self._more = True

    async def __call__(self) -> dict[str, Any]:
        if self._more:
            piece = self._body.read(PIECE_BYTES)
            self._more = len(piece) == PIECE_BYTES
            await asyncio.sleep(0)  # sockets have their turn between two pieces
            return {"type": "http.request", "body": piece, "more_body": self._more}
        while (message := await self._receive())["type"] == "http.request":
            pass
        said: dict[str, Any] = message
        return said
