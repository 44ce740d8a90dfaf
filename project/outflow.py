"""Answers in pieces, no faster than their reader takes them.

Daphne gives each piece to Twisted and asks for the next at once. Twisted keeps in memory what the reader has not taken:
of a film, or of a history as a file, all of it (daphne 4.2.3, server.py, `Server.handle_reply`).
"""

from __future__ import annotations

import asyncio
from typing import Any

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer  # type: ignore[import-untyped]


@implementer(IPushProducer)
class Outflow:
    """Tells the application of one answer whether its reader can take more. Twisted says when: at 64 KB unsent."""

    def __init__(self) -> None:
        self._flows = asyncio.Event()
        self._flows.set()

    def pauseProducing(self) -> None:
        """The connection is full."""
        self._flows.clear()

    def resumeProducing(self) -> None:
        """All of it went out."""
        self._flows.set()

    def stopProducing(self) -> None:
        """The connection is gone; Django is told of that by itself."""
        self._flows.set()

    async def until_taken(self) -> None:
        """Wait until the reader takes more."""
        await self._flows.wait()


def before_piece(request: Any, *, is_last: bool) -> None:
    """The last piece needs nobody to wait for it, and Twisted wants the connection back."""
    if is_last and getattr(request, "producer", None) is not None and request.channel is not None:
        request.unregisterProducer()


async def after_piece(request: Any, *, is_last: bool) -> None:
    """Wait until the next piece is wanted."""
    if is_last or request.channel is None or request.finished:
        return
    if request.producer is None:
        request.registerProducer(Outflow(), True)
    await request.producer.until_taken()
