"""Page: how long does the server take for the students page and the dashboard, with a million progress rows?"""

from __future__ import annotations

import json
import statistics
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from tests.bench import requests
from tests.bench.child import Failed
from tests.bench.figures import Floor, Row, Table
from tests.bench.sizes import Sizes
from tests.bench.surroundings import run_python
from tests.bench.systems.system import Surroundings
from tests.bench.things.ring import say

WITHIN_MS = 50
"""What is wanted of every page, of the median request."""


def measure(around: Surroundings, sizes: Sizes) -> Table:
    """Each page by itself, one request after the other; from the request's first byte to the answer's last."""
    try:
        rows = measured(around, sizes.page_rows, rounds=sizes.rounds, times=sizes.page_requests)
        slowest = max(rows, key=lambda row: row.figures["median"].median)
        rows.insert(0, Row("ours", f"the slowest of them: {slowest.title}", slowest.figures))
    except Failed as failed:
        say(f"  {failed}")
        rows = [Row("ours", "ours", missing=str(failed))]
    return Table(
        "page",
        f"pages at {sizes.page_rows:,} progress rows, each {sizes.page_requests} times a round, one after the other",
        requests.COLUMNS,
        rows,
        [Floor("median", WITHIN_MS, at_least=False)],
    )


def measured(around: Surroundings, rows: int, *, rounds: int, times: int) -> list[Row]:
    """Fill a school of so many progress rows, and return what each page takes; raises Failed if one is refused."""
    pages = _pages(json.loads(_filled(around, rows)))
    seen: dict[str, list[list[float]]] = {title: [] for title, _, _ in pages}
    with requests.site(around) as port:
        for title, path, cookie in pages:

            def asked(times: int, path: str = path, cookie: str = cookie, port: int = port) -> list[float]:
                return requests.asked(port, path, {"Cookie": cookie}, times, holds=b"data-entry-id")

            asked(3)  # connections, templates and plans are there then, as on any day
            seen[title] = [asked(times) for _ in range(rounds)]
            took = [each for round in seen[title] for each in round]
            say(f"  {title}: median {statistics.median(took):.1f} ms, most {max(took):.1f}")
    return [requests.row(title, each) for title, each in seen.items()]


def _pages(school: dict[str, str]) -> list[tuple[str, str, str]]:
    """What each page is called, its address and who asks: the students page without and with every filter."""
    day = (datetime.now(UTC) - timedelta(days=3)).date().isoformat()
    filters: dict[str, dict[str, str]] = {
        "all": {},
        "of one type": {"type": "lesson_completed"},
        "of a busy course": {"course": school["busy"]},
        "of a quiet course": {"course": school["quiet"]},
        "of one student": {"student": school["student"]},
        "since a day": {"since": day},
        "until a day": {"until": day},
        "with a student's name": {"q": school["name"]},
        "with a course's title": {"q": "abacus"},
    }
    asked = []
    asked.append(("students page, instructor of a quiet course", "/dashboard/students/", school["quiet_instructor"]))
    asked.append(("own activity, a student", "/me/activity/", school["pupil"]))
    for who in ("administrator", "instructor"):
        for name, wanted in filters.items():
            query = f"?{urlencode(wanted)}" if wanted else ""
            asked.append((f"students page, {who}, {name}", f"/dashboard/students/{query}", school[who]))
        asked.append((f"dashboard, {who}", "/dashboard/", school[who]))
    return asked


def _filled(around: Surroundings, rows: int) -> str:
    say(f"  filling {rows:,} rows")
    requests.collect_static(around)
    return run_python(around.environment, "-m", "tests.bench.school", str(rows))
