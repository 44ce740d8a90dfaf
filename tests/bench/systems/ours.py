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
        """Subscribe from the position of a snapshot taken now."""
        position = self._position(around, port)
        return Target(
            port=port,
            path="/ws/feed/",
            headers={"Origin": f"http://127.0.0.1:{port}"},
            cookies=around.cookies,
            hello=json.dumps({"type": "subscribe", "position": position, "filters": {}, "presence": False}),
            ready='"recovered":true',
            keepalive='{"type":"pong"}',
        )

    def _position(self, around: Surroundings, port: int) -> dict[str, str]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/feed/?limit=1", headers={"Cookie": around.cookies[0]}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own, on loopback
            position: dict[str, str] = json.load(answer)["position"]
            return position
