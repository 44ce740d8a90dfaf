"""Ending tasks: cancelled until they have ended.

A single cancellation can be lost: `asyncio.wait_for` of Python 3.11 swallows one that comes at the moment at which what
it waits for is done (python/cpython#86296), and connection pools use it; a library may answer with an error of its own.
Whoever cancels once and waits then waits for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

AGAIN_SECONDS: Final = 0.5


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel these tasks, again and again, and return once all have ended; what they came to is not looked at."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_SECONDS)
