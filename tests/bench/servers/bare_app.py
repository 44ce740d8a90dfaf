"""A socket that does nothing: what Daphne itself takes for one."""

from typing import Any


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Accept, and wait for the end."""
    if scope["type"] != "websocket":
        raise ValueError(scope["type"])
    while (message := await receive())["type"] != "websocket.disconnect":
        if message["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
