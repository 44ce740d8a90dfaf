"""nchan: one frame for each entry over one publishing socket, the quickest of its ways in."""

import asyncio
from typing import Any

import msgspec

from tests.bench import wire
from tests.bench.publishing import Publish


async def connected(address: str) -> Publish:
    """Publish to the nginx on this port."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address))
    writer.write(wire.handshake("127.0.0.1", int(address), "/pub", {}))
    head = await reader.readuntil(wire.HEAD_END)
    if not wire.is_accepted(head):
        raise ConnectionError(head.decode())

    async def ignore_answers() -> None:
        while await reader.read(65536):
            pass

    answers = asyncio.create_task(ignore_answers())

    async def post(batch: list[dict[str, Any]]) -> None:
        if answers.done():
            raise ConnectionError("nginx closed the publishing socket")
        writer.writelines([wire.text(msgspec.json.encode(entry)) for entry in batch])
        await writer.drain()

    return post
