"""Stock Channels under stock Daphne, with either of channels_redis' layers."""

from __future__ import annotations

import sys

from tests.bench.systems.system import Surroundings, System
from tests.bench.target import Target

# The load client answers no pings.
DAPHNE = ("-m", "daphne", "-b", "127.0.0.1", "-v", "0", "--ping-interval", "3600", "--ping-timeout", "3000")


class Channels(System):
    """A consumer in a group."""

    publisher = "channels"

    def __init__(self, layer: str) -> None:
        self.layer = layer
        self.name = f"channels-{layer}"
        self.title = f"stock Channels, {'pub/sub' if layer == 'pubsub' else layer} layer"

    def command(self, around: Surroundings, port: int) -> list[str]:
        """Daphne."""
        return [sys.executable, *DAPHNE, "-p", str(port), "tests.bench.servers.channels_app:application"]

    def environment(self, around: Surroundings, port: int) -> dict[str, str]:
        """Its layer's address."""
        return {**around.environment, "BENCH_LAYER": self.publishes_to(around, port)}

    def publishes_to(self, around: Surroundings, port: int) -> str:
        """Which layer, on which Redis."""
        return f"{self.layer}:{around.redis_url}"

    def target(self, around: Surroundings, port: int) -> Target:
        """It is joined when it is accepted."""
        return Target(port=port, path="/feed/")
