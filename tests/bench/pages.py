"""Who loads pages: some a second, whatever the last one took, each on a connection of its own.

`python -m tests.bench.pages`, commands on standard input (tests.bench.child). A page that had to wait for the one
before it is counted from when it was due.
"""

from __future__ import annotations

import itertools
import select
import sys
import time
from typing import Any

from tests.bench import requests
from tests.bench.commands import serve
from tests.bench.load import share


class Pages:
    """One who asks for page after page."""

    commanded = False

    def load(self, *, port: int, visits: list[list[str]], rate: float, seconds: float) -> dict[str, Any]:
        """Ask for each path with its cookie in turn, so many a second; each answer holds the text named there."""
        began, processor = time.monotonic(), time.process_time()
        took = []
        for number, (path, cookie, holds) in zip(range(int(rate * seconds)), itertools.cycle(visits), strict=False):
            due = began + number / rate
            time.sleep(max(0.0, due - time.monotonic()))
            requests.asked(port, path, {"Cookie": cookie}, 1, holds=holds.encode())
            took.append(int((time.monotonic() - due) * 1e9))
        busy = (time.process_time() - processor) / max(seconds, time.monotonic() - began)
        took.sort()
        return {"loads": len(took), "p50": share(took, 0.50), "p95": share(took, 0.95), "busy": busy}

    def turn(self, timeout: float) -> None:
        """Wait for a command."""
        self.commanded = bool(select.select([sys.stdin], [], [], timeout)[0])

    def drop(self) -> dict[str, Any]:
        """Nothing is open."""
        return {}


if __name__ == "__main__":
    serve(Pages())
