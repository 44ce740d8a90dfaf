"""A viewer without a library: on a bare TCP connection, reading when told to."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import socket

from progress.models import User
from tests.live import Live


class BareViewer:
    """A viewer on a bare TCP connection with a small buffer, who reads when told to."""

    def __init__(self, live: Live, person: User, position: dict[str, str]) -> None:
        self.live, self.person, self.position = live, person, position

    async def __aenter__(self) -> BareViewer:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        self.socket.setblocking(False)
        self.loop = asyncio.get_running_loop()
        host, port = self.live.site.address().split(":")
        await self.loop.sock_connect(self.socket, (host, int(port)))
        session = await self.live.session(self.person)
        key = base64.b64encode(os.urandom(16)).decode()
        await self.loop.sock_sendall(
            self.socket,
            f"GET /ws/feed/ HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: http://{host}:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            f"Cookie: sessionid={session}\r\n\r\n".encode(),
        )
        heard = b""
        while b"\r\n\r\n" not in heard:
            heard += await self.loop.sock_recv(self.socket, 4096)
        assert heard.startswith(b"HTTP/1.1 101"), heard
        text = json.dumps({"type": "subscribe", "position": self.position, "filters": {}}).encode()
        assert len(text) < 126
        mask = bytes(4)  # a mask of zeros masks nothing, and is one all the same
        await self.loop.sock_sendall(self.socket, bytes((0x81, 0x80 | len(text))) + mask + text)
        while b"subscribed" not in heard:
            heard += await self.loop.sock_recv(self.socket, 4096)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.socket.close()

    async def until_closed(self) -> None:
        """Read what is there, until the server has ended the connection."""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(15):
                while await self.loop.sock_recv(self.socket, 1 << 20):
                    pass
