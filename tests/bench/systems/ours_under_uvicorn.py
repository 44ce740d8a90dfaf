"""The same application under uvicorn: what is owed to our own server, and what to the application."""

from __future__ import annotations

import sys

from tests.bench.systems.ours import Ours
from tests.bench.systems.system import Surroundings


class OursUnderUvicorn(Ours):
    """One process of uvicorn, with keys of its own in Redis: what is published to ours is not its business."""

    name = "ours-uvicorn"
    title = "ours, under uvicorn"

    def command(self, around: Surroundings, port: int) -> list[str]:
        """Uvicorn, one process. The load client answers no pings."""
        served = [sys.executable, "-m", "uvicorn", "project.asgi:application", "--lifespan", "on"]
        return [*served, "--port", str(port), "--log-level", "warning", "--ws-ping-interval", "3600"]

    def environment(self, around: Surroundings, port: int) -> dict[str, str]:
        """As ours, but for the keys."""
        return {**super().environment(around, port), **self.publishing(around)}

    def publishing(self, around: Surroundings) -> dict[str, str]:
        """The same keys."""
        return {**around.environment, "REDIS_PREFIX": "bench-uvicorn"}
