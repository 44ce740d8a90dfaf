"""The heartbeat: one task a process pings every socket and finds those whose other end is gone.

A half-open connection looks alive to the kernel for a quarter of an hour; a ping that is not answered says in a
minute that nobody is there (law 8: nothing is kept for the dead).
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consumers.socket import Socket

log = logging.getLogger(__name__)

ROUND_SECONDS = 1.0
YIELD_EVERY = 50
"""Sockets between two looks at what else there is to do: an entry must not wait until thousands are pinged."""

_sockets: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, set[Socket]] = weakref.WeakKeyDictionary()
_tasks: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[None]] = weakref.WeakKeyDictionary()


def watch(socket: Socket) -> None:
    """Ping this socket from now on."""
    loop = asyncio.get_running_loop()
    _sockets.setdefault(loop, set()).add(socket)
    task = _tasks.get(loop)
    if task is None or task.done():
        _tasks[loop] = loop.create_task(_run(loop))


def forget(socket: Socket) -> None:
    """Ping this socket no more."""
    _sockets.get(asyncio.get_running_loop(), set()).discard(socket)


def open_sockets() -> list[Socket]:
    """Every socket that is open on this loop."""
    return list(_sockets.get(asyncio.get_running_loop(), ()))


async def _run(loop: asyncio.AbstractEventLoop) -> None:
    while _sockets.get(loop):
        await asyncio.sleep(ROUND_SECONDS)
        for count, socket in enumerate(open_sockets(), start=1):
            if count % YIELD_EVERY == 0:
                await asyncio.sleep(0)
            try:
                await socket.beat(loop.time())
            except Exception:
                # One socket that fails on its way out must not leave the others without a heartbeat.
                log.exception("A socket could not be pinged")
