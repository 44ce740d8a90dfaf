"""Scrape: how long does `/metrics` take, of one process and of several behind one address?"""

from __future__ import annotations

import secrets

from tests.bench import requests
from tests.bench.child import Failed
from tests.bench.figures import Floor, Row, Table
from tests.bench.sizes import Sizes
from tests.bench.systems.system import Surroundings
from tests.bench.things.ring import say

PROCESSES = (4, 1)
WITHIN_MS = 20
"""What is wanted of the median scrape."""


def measure(around: Surroundings, sizes: Sizes) -> Table:
    """One scrape after the other. How many sockets there are changes nothing: no figure is kept by socket."""
    rows = [_row(around, sizes, processes) for processes in PROCESSES]
    return Table(
        "scrape",
        f"/metrics, {sizes.scrapes} times a round, one after the other",
        requests.COLUMNS,
        rows,
        [Floor("median", WITHIN_MS, at_least=False)],
    )


def _row(around: Surroundings, sizes: Sizes, processes: int) -> Row:
    name, title = ("ours", f"{processes} processes") if processes > 1 else ("alone", "1 process")
    token = secrets.token_hex(16)
    headers = {"Authorization": f"Bearer {token}"}
    try:
        with requests.site(around, WEB_CONCURRENCY=str(processes), METRICS_TOKEN=token) as port:
            rounds = [
                requests.asked(port, "/metrics", headers, sizes.scrapes, holds=b"live_outbox_rows")
                for _ in range(sizes.rounds + 1)
            ]
    except Failed as failed:
        say(f"  {title}: {failed}")
        return Row(name, title, missing=str(failed))
    return requests.row(title, rounds[1:], name=name)  # the first one finds nothing ready
