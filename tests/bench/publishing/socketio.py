"""Socket.IO: `emit` of a write-only manager, as its documentation says for processes that serve no sockets."""

from typing import Any

from socketio import AsyncRedisManager

from tests.bench.publishing import Publish
from tests.bench.servers.socketio_app import EVENT, REDIS_OPTIONS, ROOM


async def connected(address: str) -> Publish:
    """Publish over this Redis."""
    manager = AsyncRedisManager(address, write_only=True, redis_options=REDIS_OPTIONS)

    async def post(batch: list[dict[str, Any]]) -> None:
        for entry in batch:
            await manager.emit(EVENT, entry, room=ROOM)

    return post
