"""The administrators: sockets with the feed, and how old each entry is when it comes.

`python -m tests.bench.watchers`, commands on standard input (tests.bench.commands). An entry's timestamp is the
database's clock under the row's lock, so what is measured begins a little before the commit and ends at the socket.
"""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Any

from tests.bench.commands import serve
from tests.bench.load import Connection, Load

TIMESTAMP = re.compile(rb'"timestamp":"(2[^"]{25}Z)"')
LONGEST = 48


class Watchers(Load):
    """Sockets of administrators."""

    def __init__(self) -> None:
        self._moments: dict[bytes, int] = {}
        super().__init__()

    def settle(self, *, quiet: float, limit: float) -> dict[str, Any]:
        """Wait until nothing has come for a while, and say what was seen."""
        deadline = time.monotonic() + limit
        since, before = time.monotonic(), -1
        while time.monotonic() - since < quiet and time.monotonic() < deadline:
            self.turn(0.05)
            if len(self.latencies) != before:
                since, before = time.monotonic(), len(self.latencies)
        return self._result()

    def _sample(self, connection: Connection, received: bytes, now: int) -> None:
        clock = time.time_ns()
        text = connection.rest + received
        end = 0
        for found in TIMESTAMP.finditer(text):
            self.latencies.append(clock - self._moment(found[1]))
            connection.count += 1
            end = found.end()
        connection.rest = text[max(end, len(text) - LONGEST) :]

    def _moment(self, timestamp: bytes) -> int:
        # A hundred sockets get the same ones.
        moment = self._moments.get(timestamp)
        if moment is None:
            moment = int(datetime.fromisoformat(timestamp.decode()).timestamp() * 1e6) * 1000
            self._moments[timestamp] = moment
        return moment


if __name__ == "__main__":
    serve(Watchers())
