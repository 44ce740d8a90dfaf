"""A python-socketio application with its Redis manager, as its documentation has it: a room, an event."""

import os
from typing import Any

import socketio

ROOM = "feed"
EVENT = "entry"
# redis-py 8 gives up a read after 5 s, and the manager would reconnect for ever.
REDIS_OPTIONS: dict[str, Any] = {"socket_timeout": None}

if "BENCH_REDIS" in os.environ:
    server = socketio.AsyncServer(
        async_mode="asgi",
        client_manager=socketio.AsyncRedisManager(os.environ["BENCH_REDIS"], redis_options=REDIS_OPTIONS),
        ping_interval=3600,  # the load client answers no pings
    )
    application = socketio.ASGIApp(server)

    @server.event  # type: ignore[untyped-decorator]
    async def connect(sid: str, environ: dict[str, Any]) -> None:
        """Join the room."""
        await server.enter_room(sid, ROOM)
