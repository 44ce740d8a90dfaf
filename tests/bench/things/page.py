"""Page: how long does the server take for the students page and the dashboard, with a million progress rows?"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from project.running.process import Process
from project.running.waiting import eventually
from tests.bench.child import ROOT, Failed
from tests.bench.contender import free_port, listens
from tests.bench.figures import Column, Figure, Floor, Row, Table
from tests.bench.sizes import Sizes
from tests.bench.systems import OURS
from tests.bench.systems.system import Surroundings
from tests.bench.things.ring import say

WITHIN_MS = 50
"""What is wanted of every page, of the median request."""


def measure(around: Surroundings, sizes: Sizes) -> Table:
    """Each page by itself, one request after the other; from the request's first byte to the answer's last."""
    school = json.loads(_filled(around, sizes.page_rows))
    pages = _pages(school)
    seen: dict[str, list[list[float]]] = {title: [] for title, _, _ in pages}
    try:
        with _site(around) as port:
            for title, path, cookie in pages:
                _asked(port, path, cookie, 3)  # connections, templates and plans are there then, as on any day
                seen[title] = [_asked(port, path, cookie, sizes.page_requests) for _ in range(sizes.rounds)]
                took = [each for round in seen[title] for each in round]
                say(f"  {title}: median {statistics.median(took):.1f} ms, most {max(took):.1f}")
        rows = [_row(title, rounds) for title, rounds in seen.items()]
        slowest = max(rows, key=lambda row: row.figures["median"].median)
        rows.insert(0, Row("ours", f"the slowest of them: {slowest.title}", slowest.figures))
    except Failed as failed:
        say(f"  {failed}")
        rows = [Row("ours", "ours", missing=str(failed))]
    return Table(
        "page",
        f"pages at {sizes.page_rows:,} progress rows, each {sizes.page_requests} times a round, one after the other",
        [Column("median", "median ms", "{:.1f}"), Column("p95", "p95 ms", "{:.1f}")],
        rows,
        [Floor("median", WITHIN_MS, at_least=False)],
    )


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
    _run(around, "manage.py", "collectstatic", "--noinput", "--clear", "--verbosity", "0")  # pages name hashed files
    return _run(around, "-m", "tests.bench.school", str(rows))


def _run(around: Surroundings, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=around.environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


@contextlib.contextmanager
def _site(around: Surroundings) -> Iterator[int]:
    """The web server as in production, with the static files it names; ended by its own id."""
    port = free_port()
    log = around.folder / "page.log"
    server = Process(
        OURS.title, OURS.command(around, port), env=OURS.environment(around, port), folder=ROOT, stop_within=10
    )
    with contextlib.ExitStack() as running:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        running.callback(os.close, output)
        running.callback(server.stop)
        server.start(output=output)
        if not eventually(lambda: not server.running or listens(port), 30) or not server.running:
            raise Failed(f"did not start: {log.read_text()[-2000:]}")
        yield port


def _asked(port: int, path: str, cookie: str, times: int) -> list[float]:
    """Milliseconds of so many requests on one connection."""
    took = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        for _ in range(times):
            began = time.perf_counter()
            connection.request("GET", path, headers={"Cookie": cookie})
            answer = connection.getresponse()
            page = answer.read()
            took.append(1000 * (time.perf_counter() - began))
            if answer.status != 200 or b"data-entry-id" not in page:
                raise Failed(f"{path} answers {answer.status}: {page[:500]!r}")
    return took


def _row(title: str, rounds: list[list[float]]) -> Row:
    medians, p95s = ([measured(each) for each in rounds] for measured in (statistics.median, _p95))
    return Row(title, title, {"median": Figure(tuple(medians)), "p95": Figure(tuple(p95s))})


def _p95(took: list[float]) -> float:
    return sorted(took)[int(0.95 * (len(took) - 1))]
