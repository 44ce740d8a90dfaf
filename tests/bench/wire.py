"""WebSocket on the wire, as little of RFC 6455 as a client needs that counts."""

from __future__ import annotations

import struct
from collections.abc import Mapping

_KEY = "dGhlIHNhbXBsZSBub25jZQ=="

HEAD_END = b"\r\n\r\n"


def handshake(host: str, port: int, path: str, headers: Mapping[str, str]) -> bytes:
    """Return the request that opens a socket; it offers no extension, so nobody compresses."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {_KEY}",
        "Sec-WebSocket-Version: 13",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + HEAD_END


def is_accepted(head: bytes) -> bool:
    """Whether the answer to a handshake opens the socket."""
    return head.startswith(b"HTTP/1.1 101")


def text(payload: bytes) -> bytes:
    """Return a client's text frame. Its mask is zero, which the standard allows and which costs no time here."""
    length = len(payload)
    if length < 126:
        return struct.pack("!BBI", 0x81, 0x80 | length, 0) + payload
    if length < 65536:
        return struct.pack("!BBHI", 0x81, 0xFE, length, 0) + payload
    return struct.pack("!BBQI", 0x81, 0xFF, length, 0) + payload
