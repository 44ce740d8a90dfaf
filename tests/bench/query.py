"""The feed query by itself: how long its pages take, and along what they are found.

`python -m tests.bench.query ROWS BUSY_COURSES ROUNDS TIMES` fills the bench's own database with a school of so many
progress rows, and prints, as JSON, what was measured of each view (tests.bench.views).
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import django

django.setup()

from tests.bench import school  # noqa: E402 - once Django is set up
from tests.bench.plans import faults  # noqa: E402
from tests.bench.views import View, views  # noqa: E402

PAGES = 100
"""The later page that is measured; where there are fewer, the last one."""


def measured(asked: list[View], rounds: int, times: int) -> dict[str, dict[str, Any]]:
    """By the title of each view: milliseconds of its first and of its later page, a median for each round; which page
    the later one is; and what is wrong with their plans."""
    turned = {view.title: view.turned(PAGES) for view in asked}
    found: dict[str, dict[str, Any]] = {
        view.title: {
            "first": [],
            "later": [],
            "page": turned[view.title][0],
            "faults": _wrong(view, turned[view.title]),
        }
        for view in asked
    }
    for _ in range(rounds):
        for view in asked:
            before = turned[view.title][1]
            found[view.title]["first"].append(_took(view.page, times))
            found[view.title]["later"].append(_took(partial(view.page, before), times))
    return found


def _took(ask: Callable[[], object], times: int) -> float:
    seen = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        seen.append(1000 * (time.perf_counter() - began))
    return statistics.median(seen)


def _wrong(view: View, turned: tuple[int, str | None]) -> list[str]:
    number, before = turned
    if not view.page(before):
        return ["finds nothing"]
    return [
        f"page {page} {wrong}"
        for page, ask in ((1, view.page), (number, lambda: view.page(before)))
        for wrong in faults(ask, along=view.along)
    ]


if __name__ == "__main__":
    rows, busy_courses, rounds, times = map(int, sys.argv[1:])
    sys.stdout.write(json.dumps(measured(views(school.fill(rows, busy_courses)), rounds, times)))
