"""A web process's beginning and end on its event loop: what is opened, and in which order it is let go."""

from __future__ import annotations

from typing import Any

from consumers import hub, presence
from consumers.ops import reporter
from feed.presence import keeper
from progress import database, recorder
from project import draining


async def begin() -> None:
    """Open what a long-lived loop keeps."""
    await database.open_pool()
    await hub.hub().start()
    reporter.start("web", draining.begun)
    keeper.keeper().start()


async def end() -> None:
    """Let go: what was told is committed and published first, then connections are closed."""
    draining.begin()
    await recorder.idle()
    await reporter.stop()
    await keeper.stop()
    await presence.stop()
    await hub.stop()
    await database.close()


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI lifespan protocol, for servers that speak it; Daphne does not (project.server calls by itself)."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await begin()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await end()
            await send({"type": "lifespan.shutdown.complete"})
            return
