"""Stock Daphne with sockets that do nothing."""

from __future__ import annotations

import sys

from tests.bench.systems.channels import DAPHNE
from tests.bench.systems.system import Surroundings, System
from tests.bench.target import Target


class Bare(System):
    """What a socket takes before anybody does anything with it."""

    name = "bare"
    title = "Daphne, bare socket"

    def command(self, around: Surroundings, port: int) -> list[str]:
        """Daphne."""
        return [sys.executable, *DAPHNE, "-p", str(port), "tests.bench.servers.bare_app:application"]

    def target(self, around: Surroundings, port: int) -> Target:
        """Any path."""
        return Target(port=port, path="/")
