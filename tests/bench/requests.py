"""Requests one after the other, of the web server as in production, and how long each took."""

from __future__ import annotations

import contextlib
import http.client
import statistics
import time
from collections.abc import Iterator, Mapping

from tests.bench.child import Failed
from tests.bench.figures import Column, Figure, Row
from tests.bench.ports import free_port
from tests.bench.serving import serving
from tests.bench.surroundings import run_python
from tests.bench.systems import OURS
from tests.bench.systems.system import Surroundings

COLUMNS = [Column("median", "median ms", "{:.1f}"), Column("p95", "p95 ms", "{:.1f}")]


@contextlib.contextmanager
def site(around: Surroundings, **environment: str) -> Iterator[int]:
    """The web server, on the port that is given; ended by its own id."""
    port = free_port()
    log = around.folder / f"site-{port}.log"
    environment = {**OURS.environment(around, port), **environment}
    with serving(OURS.title, OURS.command(around, port), environment, port=port, log=log):
        yield port


def collect_static(around: Surroundings) -> None:
    """Put static files where the web server has them: pages name hashed ones."""
    run_python(around.environment, "manage.py", "collectstatic", "--noinput", "--clear", "--verbosity", "0")


def asked(port: int, path: str, headers: Mapping[str, str], times: int, *, holds: bytes) -> list[float]:
    """Milliseconds of so many requests on one connection, from the first byte of each to the answer's last.

    Raises Failed where one is refused, or its answer does not hold what it should.
    """
    took = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        for _ in range(times):
            began = time.perf_counter()
            connection.request("GET", path, headers=dict(headers))
            answer = connection.getresponse()
            page = answer.read()
            took.append(1000 * (time.perf_counter() - began))
            if answer.status != 200 or holds not in page:
                raise Failed(f"{path} answers {answer.status}: {page[:500]!r}")
    return took


def row(title: str, rounds: list[list[float]], *, name: str = "") -> Row:
    """The figures of so many rounds."""
    medians, p95s = ([measured(each) for each in rounds] for measured in (statistics.median, _p95))
    return Row(name or title, title, {"median": Figure(tuple(medians)), "p95": Figure(tuple(p95s))})


def _p95(took: list[float]) -> float:
    return sorted(took)[int(0.95 * (len(took) - 1))]
