"""The entries that everybody delivers: as long as real ones, each with the moment of its publication inside."""

from __future__ import annotations

import itertools
import time
from typing import Any

from tests.bench.marks import PUBLISHED

_ids = itertools.count(1)


def entries(count: int, *, longer_by: int = 0) -> list[dict[str, Any]]:
    """Make entries of about 400 bytes or more, stamped with now on the clock that all processes of a machine share."""
    return [_entry(next(_ids), longer_by) for _ in range(count)]


def _entry(number: int, longer_by: int) -> dict[str, Any]:
    return {
        **({"note": "x" * longer_by} if longer_by else {}),
        "id": f"lesson_completed:{number}",
        "type": "lesson_completed",
        "timestamp": "2026-11-22T16:00:00.123456Z",
        "user": {"id": 17, "name": "Ada Lovelace of Ockham Park"},
        "course": {"id": 3, "slug": "algorithms-and-data-structures", "title": "Algorithms and data structures"},
        "lesson": {
            "id": 7,
            "slug": "bernoulli-numbers-by-machine",
            "title": "Bernoulli numbers, computed by a machine that does not exist",
        },
        "data": {"watch_percentage": 92.5},
        PUBLISHED: time.monotonic_ns(),
    }
