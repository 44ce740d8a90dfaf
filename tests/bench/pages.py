"""Who loads pages: some a second, whether the last one has come or not, each on a connection of its own.

`python -m tests.bench.pages`, commands on standard input (tests.bench.child).
"""

from __future__ import annotations

import itertools
import select
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.bench import requests
from tests.bench.commands import serve
from tests.bench.load import share

MOST_AT_A_TIME = 100


class Pages:
    """People who each ask for a page."""

    commanded = False

    def load(self, *, port: int, visits: list[list[str]], rate: float, seconds: float) -> dict[str, Any]:
        """Ask for each path with its cookie in turn, so many a second; each answer holds the text named there."""
        began, processor = time.monotonic(), time.process_time()
        asked = []
        with ThreadPoolExecutor(MOST_AT_A_TIME) as people:
            for number, (path, cookie, holds) in zip(range(int(rate * seconds)), itertools.cycle(visits), strict=False):
                time.sleep(max(0.0, began + number / rate - time.monotonic()))
                headers = {"Cookie": cookie}
                asked.append(people.submit(requests.asked, port, path, headers, 1, holds=holds.encode()))
        took = sorted(int(ms * 1e6) for each in asked for ms in each.result())
        busy = (time.process_time() - processor) / max(seconds, time.monotonic() - began)
        return {"loads": len(took), "p50": share(took, 0.50), "p95": share(took, 0.95), "busy": busy}

    def turn(self, timeout: float) -> None:
        """Wait for a command."""
        self.commanded = bool(select.select([sys.stdin], [], [], timeout)[0])

    def drop(self) -> dict[str, Any]:
        """Nothing is open."""
        return {}


if __name__ == "__main__":
    serve(Pages())
