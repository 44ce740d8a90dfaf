"""Socket.IO on Node, with its Redis adapter."""

from __future__ import annotations

from pathlib import Path

from tests.bench import node
from tests.bench.systems.socketio import SocketIO
from tests.bench.systems.system import Surroundings


class SocketIONode(SocketIO):
    """The original; it speaks as python-socketio does."""

    name = "socketio-node"
    title = "Socket.IO (Node), Redis adapter"
    publisher = "socketio_node"

    def missing(self) -> str:
        """Whether Node and its packages are here, or can be had."""
        return "" if node.modules() else "not installed"

    def command(self, around: Surroundings, port: int) -> list[str]:
        """One process of Node."""
        return ["node", str(Path(__file__).parents[1] / "servers" / "socketio_node.cjs")]

    def environment(self, around: Surroundings, port: int) -> dict[str, str]:
        """Its Redis, its port, its modules."""
        own = {"BENCH_REDIS": around.redis_url, "PORT": str(port), "NODE_PATH": str(node.modules())}
        return {**around.environment, **own, "NODE_ENV": "production"}
