"""Ours: the web server as `make run` starts it, asked through its own protocol by signed-in administrators."""

from __future__ import annotations

import json
import sys
import urllib.request

from tests.bench.systems.system import Surroundings, System
from tests.bench.target import Target


class Ours(System):
    """The live feed: one process of project.server."""

    name = "ours"
    title = "ours"
    publisher = "ours"

    def command(self, around: Surroundings, port: int) -> list[str]:
        """The web server."""
        return [sys.executable, "-m", "project.server"]

    def environment(self, around: Surroundings, port: int) -> dict[str, str]:
        """As in production, on this port."""
        return {**around.environment, "PORT": str(port)}

    def target(self, around: Surroundings, port: int) -> Target:
        """Administrators; nobody asks who is present."""
        return self.watching(port, around.cookies)

    def watching(self, port: int, cookies: list[str], *, presence: bool = False) -> Target:
        """People who may see the same: subscribe from the position of a snapshot that one of them takes now."""
        position = self.position(port, cookies[0])
        return Target(
            port=port,
            path="/ws/feed/",
            headers={"Origin": f"http://127.0.0.1:{port}"},
            cookies=cookies,
            hello=json.dumps({"type": "subscribe", "position": position, "filters": {}, "presence": presence}),
            ready='"recovered":true',
            keepalive='{"type":"pong"}',
        )

    @staticmethod
    def position(port: int, cookie: str) -> dict[str, str]:
        """Where the groups of this person are now."""
        request = urllib.request.Request(f"http://127.0.0.1:{port}/api/feed/?limit=1", headers={"Cookie": cookie})
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own, on loopback
            position: dict[str, str] = json.load(answer)["position"]
            return position
