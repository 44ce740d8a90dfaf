"""Socket.IO on Node: what its Redis emitter sends, for processes that serve no sockets.

A message is `[sender, packet, options]` in MessagePack, on the channel of the namespace and the room.
"""

from typing import Any

import msgpack
from redis.asyncio import Redis

from tests.bench.publishing import Publish
from tests.bench.servers.socketio_app import EVENT, ROOM

_EVENT_PACKET = 2


async def connected(address: str) -> Publish:
    """Publish over this Redis."""
    redis = Redis.from_url(address)

    async def post(batch: list[dict[str, Any]]) -> None:
        for entry in batch:
            packet = {"type": _EVENT_PACKET, "data": [EVENT, entry], "nsp": "/"}
            options: dict[str, Any] = {"rooms": [ROOM], "flags": {}, "except": []}
            await redis.publish(f"socket.io#/#{ROOM}#", msgpack.packb(["emitter", packet, options]))

    return post
