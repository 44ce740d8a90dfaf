"""Who watches: sockets with the feed, and how old each entry is when it comes.

`python -m tests.bench.watchers`, commands on standard input (tests.bench.commands). An entry's timestamp is the
database's clock under the row's lock, so what is measured begins a little before the commit and ends at the socket.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from tests.bench.commands import serve
from tests.bench.load import Connection, Load
from tests.bench.told import LONGEST, TIMESTAMP, Told, moment


class Watchers(Load):
    """Sockets of administrators and instructors."""

    def arm(self, *, goal: int) -> dict[str, Any]:
        """Count from here."""
        self._told: dict[Connection, Told] = {}
        return super().arm(goal=goal)

    def settle(self, *, quiet: float, limit: float) -> dict[str, Any]:
        """Wait until nothing has come for a while, and say what was seen."""
        deadline = time.monotonic() + limit
        since, before = time.monotonic(), -1
        while time.monotonic() - since < quiet and time.monotonic() < deadline:
            self.turn(0.05)
            if len(self.latencies) != before:
                since, before = time.monotonic(), len(self.latencies)
        return self._result()

    def told(self) -> dict[str, Any]:
        """What each was told since the last `arm`."""
        return {"told": [asdict(self._told.get(each, Told())) for each in self.connections.values()]}

    def _sample(self, connection: Connection, received: bytes, now: int) -> None:
        clock = time.time_ns()
        told = self._told.setdefault(connection, Told())
        text = connection.rest + received
        end = 0
        for found in TIMESTAMP.finditer(text):
            at = moment(found[1])
            self.latencies.append(clock - at)
            told.add(at)
            connection.count += 1
            end = found.end()
        connection.rest = text[max(end, len(text) - LONGEST) :]


if __name__ == "__main__":
    serve(Watchers())
