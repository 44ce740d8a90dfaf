"""python-socketio under uvicorn, with its Redis manager."""

from __future__ import annotations

import sys

from tests.bench.systems.system import Surroundings, System
from tests.bench.target import Target


class SocketIO(System):
    """A room, and an event for each entry."""

    name = "socketio"
    title = "python-socketio, Redis manager"
    publisher = "socketio"

    def command(self, around: Surroundings, port: int) -> list[str]:
        """Uvicorn, one process."""
        server = [sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
        # The load client answers no pings.
        return [*server, "--ws-ping-interval", "3600", "tests.bench.servers.socketio_app:application"]

    def environment(self, around: Surroundings, port: int) -> dict[str, str]:
        """Its Redis."""
        return {**around.environment, "BENCH_REDIS": around.redis_url}

    def target(self, around: Surroundings, port: int) -> Target:
        """WebSocket from the start; `40` joins the default namespace, and is answered with a session's id."""
        return Target(port=port, path="/socket.io/?EIO=4&transport=websocket", hello="40", ready='40{"sid"')
