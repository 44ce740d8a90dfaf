"""A TCP relay before a server, which can be cut."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self


class Cable:
    """Leads to one address, until it is cut, and again when it is mended."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.far_port = host, port
        self.cut = False
        self.ends: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self.server = await asyncio.start_server(self.relay, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.break_()
        self.server.close()

    @property
    def port(self) -> int:
        """Where its near end listens, on 127.0.0.1."""
        port: int = self.server.sockets[0].getsockname()[1]
        return port

    def break_(self) -> None:
        """End every connection, and take no new one until mended."""
        self.cut = True
        for end in list(self.ends):
            end.transport.abort()

    def mend(self) -> None:
        """Let connections through again."""
        self.cut = False

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection both ways."""
        if self.cut:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection(self.host, self.far_port)
        self.ends |= {writer, back}
        try:
            await asyncio.wait(
                [asyncio.create_task(carry(reader, back)), asyncio.create_task(carry(there, writer))],
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            for end in (writer, back):
                self.ends.discard(end)
                end.transport.abort()


async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass on what comes."""
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
