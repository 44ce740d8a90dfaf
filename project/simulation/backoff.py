"""Backoff: how long to wait before the next try, as our own page does it."""

from __future__ import annotations

import asyncio
from random import uniform

FIRST, MOST = 0.5, 30.0  # seconds


class Backoff:
    """Waits a random time, longer with every failure in a row."""

    def __init__(self) -> None:
        self._most = FIRST

    def worked(self) -> None:
        """Begin anew: something came through."""
        self._most = FIRST

    async def wait(self) -> None:
        """Wait before the next try."""
        most, self._most = self._most, min(MOST, self._most * 2)
        await asyncio.sleep(uniform(0, most))  # noqa: S311 - a class does not come back as one # nosec B311
