"""A TCP relay before a server, which can be cut, fall silent, be late and be slow."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Self
from urllib.parse import urlsplit

CHUNK = 16_384
CHUNKS_ON_THE_WAY = 4
BUFFER = 65_536
"""Bytes that the kernel may keep of what comes from the far end: by itself it takes megabytes for a slow reader."""
FIRST = asyncio.FIRST_COMPLETED


class Cable:
    """Leads to one address, as well as `delay`, `rate` and `silent` say; until it is cut, and again when mended."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.far_port = host, port
        self.is_cut = False
        self.silent = False
        """Half open: connections stay, what is sent is lost, and nothing is answered."""
        self.lost = 0
        """Bytes that came from the near end and were lost."""
        self.broken_off = 0
        """Connections that a cut has ended."""
        self.delay = 0.0
        """Seconds that everything takes, each way."""
        self.rate: float | None = None
        """Bytes a second of each connection, each way."""
        self.ends: set[asyncio.StreamWriter] = set()
        self._deaf: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self.server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self.server.close()

    @property
    def port(self) -> int:
        """Where its near end listens, on 127.0.0.1."""
        port: int = self.server.sockets[0].getsockname()[1]
        return port

    def cut(self) -> None:
        """End every connection, and take no new one until mended."""
        self.is_cut = True
        self.broken_off += len(self.ends) // 2
        for end in list(self.ends):
            end.transport.abort()

    def mend(self) -> None:
        """Let everything through again, at once. A connection that lost something ends: its rest would mean nothing."""
        self.is_cut, self.silent, self.delay, self.rate = False, False, 0.0, None
        for end in list(self._deaf):
            end.transport.abort()

    async def _relay(self, near: asyncio.StreamReader, near_end: asyncio.StreamWriter) -> None:
        """Carry one connection both ways, until either end has closed it."""
        if self.is_cut:
            near_end.transport.abort()
            return
        try:
            far, far_end = await asyncio.open_connection(sock=await self._connected())
        except OSError:  # what it leads to is away
            near_end.transport.abort()
            return
        if self.is_cut:  # meanwhile
            far_end.transport.abort()
            near_end.transport.abort()
            return
        ends = {near_end, far_end}
        self.ends |= ends
        ways = [
            asyncio.create_task(self._carry(near, far_end, is_near=True)),
            asyncio.create_task(self._carry(far, near_end, is_near=False)),
        ]
        try:
            await asyncio.wait(ways, return_when=FIRST)
        finally:
            self.ends -= ends
            self._deaf -= ends
            for way in ways:
                way.cancel()
            await asyncio.wait(ways)
            for end in ends:
                end.transport.abort()

    async def _connected(self) -> socket.socket:
        far = socket.socket()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        far.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(far, (self.host, self.far_port))
        except OSError:
            far.close()
            raise
        return far

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_near: bool) -> None:
        """Pass on what comes, in order, each at its time; what is on the way when the source closes still arrives."""
        loop = asyncio.get_running_loop()
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=CHUNKS_ON_THE_WAY)
        arriving = asyncio.create_task(self._arrive(on_the_way, target))
        try:
            while data := await _read(source):
                if not self.silent:
                    await on_the_way.put((loop.time() + self.delay, data))
                    continue
                self._deaf.add(target)
                if is_near:
                    self.lost += len(data)
            await asyncio.wait([arriving, joining := asyncio.create_task(on_the_way.join())], return_when=FIRST)
            joining.cancel()
        finally:
            arriving.cancel()

    async def _arrive(self, on_the_way: asyncio.Queue[tuple[float, bytes]], target: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        free_at = 0.0
        with contextlib.suppress(ConnectionError):
            while True:
                due, data = await on_the_way.get()
                if self.rate:
                    due = free_at = max(due, free_at) + len(data) / self.rate
                if (wait := due - loop.time()) > 0:
                    await asyncio.sleep(wait)
                target.write(data)
                await target.drain()
                on_the_way.task_done()


def address_through(cable: Cable, address: str) -> str:
    """The address of what the cable leads to, by its near end."""
    far = urlsplit(address)
    return far._replace(netloc=far.netloc.rpartition("@")[0] + f"@127.0.0.1:{cable.port}").geturl()


async def _read(source: asyncio.StreamReader) -> bytes:
    try:
        return await source.read(CHUNK)
    except ConnectionError:
        return b""
