"""A target: where the load client opens its sockets, and what it says there."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """One address, and the few words of its protocol."""

    port: int
    path: str
    host: str = "127.0.0.1"
    headers: dict[str, str] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)
    """One for each socket; fewer are used in turn."""

    hello: str = ""
    """Sent when the socket is open."""

    ready: str = ""
    """What the server says once the socket gets entries; nothing where that is when it is open."""

    keepalive: str = ""
    """Sent every 20 s: the client answers no pings, since it reads no frame but counts what is in them."""

    def as_command(self) -> dict[str, Any]:
        """The target as the load client is told it."""
        return asdict(self)
