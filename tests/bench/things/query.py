"""Query: how long does the feed query take, without HTTP, at ten thousand progress rows and at five million?"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.bench.child import ROOT
from tests.bench.figures import Column, Figure, Floor, Row, Table, slowest
from tests.bench.sizes import Sizes
from tests.bench.surroundings import surroundings
from tests.bench.systems.system import Surroundings
from tests.bench.things.ring import say

WITHIN_MS = 30
"""What is wanted of every view at the largest size, of the first page and of a later one."""

BUSY_COURSES = 99
"""Beside a quiet one: an instructor of fifty teaches half of them."""

PAGES = {"first": "first page", "later": "page 100"}

Seen = dict[str, dict[str, Any]]


def measure(around: Surroundings, sizes: Sizes) -> Table:
    """Every view at each size, each size in a database of its own."""
    seen = {rows: _measured(rows, sizes) for rows in sizes.school_rows}
    columns = [
        Column(f"{page} {rows}", f"{rows:,} rows, {title}, ms", "{:.1f}")
        for rows in sizes.school_rows
        for page, title in PAGES.items()
    ]
    views = [_row(title, seen) for title in next(iter(seen.values()))]
    largest = max(sizes.school_rows)
    return Table(
        "query",
        f"the feed query, {sizes.query_times} times a round; page 100, or the last one where there are fewer",
        columns,
        [slowest(views, columns), *views],
        [Floor(f"{page} {largest}", WITHIN_MS, at_least=False) for page in PAGES],
    )


def _measured(rows: int, sizes: Sizes) -> Seen:
    say(f"  filling {rows:,} rows")
    command = [
        sys.executable,
        "-m",
        "tests.bench.query",
        *map(str, (rows, BUSY_COURSES, sizes.rounds, sizes.query_times)),
    ]
    with surroundings(sizes.small()) as own:
        done = subprocess.run(command, cwd=ROOT, env=own.environment, check=True, stdout=subprocess.PIPE, text=True)
    seen: Seen = json.loads(done.stdout)
    for title, view in seen.items():
        first, later = (Figure(tuple(view[page])).median for page in PAGES)
        say(f"  {title}: {first:.1f} ms, page {view['page']} {later:.1f} ms {'; '.join(view['faults'])}")
    return seen


def _row(title: str, seen: dict[int, Seen]) -> Row:
    wrong = [f"at {rows:,} rows {fault}" for rows, views in seen.items() for fault in views[title]["faults"]]
    if wrong:
        return Row(title, title, missing="; ".join(wrong))
    figures = {f"{page} {rows}": Figure(tuple(views[title][page])) for rows, views in seen.items() for page in PAGES}
    return Row(title, title, figures)
