"""Who looks: one page in a real browser, and how old each entry is when its row has been painted.

`python -m tests.bench.window`, commands on standard input (tests.bench.child). Ages begin, as tests.bench.watchers'
do, with an entry's timestamp, a little before its commit; browser and database have the same clock here.
"""

from __future__ import annotations

import select
import sys
import time
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.bench.commands import serve
from tests.bench.load import share
from tests.chromium import FLAGS, found

PAGE = "/dashboard/students/"

MEASURE = """() => {
    const list = document.getElementById("activity-feed");
    window.ages = [];
    const seen = new Map();
    const stamped = (row) => row.querySelector("time").dateTime;
    const now = () => performance.timeOrigin + performance.now();
    const since = now();
    new MutationObserver((changes) => {
        const fresh = [];
        for (const row of new Set(changes.flatMap((change) => [...change.addedNodes]))) {
            const id = row.dataset?.entryId;
            if (!id || !row.isConnected || Date.parse(stamped(row)) < since || seen.get(id) === stamped(row)) continue;
            seen.set(id, stamped(row));
            fresh.push(stamped(row));
        }
        if (!fresh.length) return;
        // The task after the next frame: that frame is painted then.
        requestAnimationFrame(() => setTimeout(() => {
            for (const moment of fresh) window.ages.push(now() - Date.parse(moment));
        }));
    }).observe(list, { childList: true });
}"""


class Window:
    """One person's window with the students page, where the browser and its processes do nothing else."""

    commanded = False

    def __init__(self) -> None:
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=found(), args=FLAGS)
        self._page: Page | None = None

    def look(self, *, port: int, cookie: str) -> dict[str, Any]:
        """Open the page as somebody, and wait until it is live."""
        name, _, value = cookie.partition("=")
        context = self._browser.new_context(viewport={"width": 1280, "height": 860})
        context.add_cookies([{"name": name, "value": value, "domain": "127.0.0.1", "path": "/"}])
        self._page = context.new_page()
        self._page.goto(f"http://127.0.0.1:{port}{PAGE}")
        self._page.locator('.feed-status[data-status="live"]').wait_for()
        self._page.evaluate(MEASURE)
        return {}

    def close(self, *, limit: float) -> dict[str, Any]:
        """Wait until its rows are no longer changed, say how old each was when it was painted, and close it."""
        assert self._page is not None
        ages: list[float] = []
        deadline, before = time.monotonic() + limit, -1
        while len(ages) != before and time.monotonic() < deadline:
            before = len(ages)
            self._page.wait_for_timeout(500)
            ages = self._page.evaluate("window.ages")
        self._page.context.close()
        self._page = None
        took = sorted(int(ms * 1e6) for ms in ages)
        return {"rows": len(took), "p50": share(took, 0.50), "p99": share(took, 0.99)}

    def turn(self, timeout: float) -> None:
        """Wait for a command."""
        self.commanded = bool(select.select([sys.stdin], [], [], timeout)[0])

    def drop(self) -> dict[str, Any]:
        """End the browser."""
        self._browser.close()
        self._playwright.stop()
        return {}


if __name__ == "__main__":
    serve(Window())
