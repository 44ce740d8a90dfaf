"""Plans: how PostgreSQL answers what a function asks, and what of that is wrong at any size.

To be imported once Django is set up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection

LARGE = 10_000
"""Rows of a table that nobody may read from one end to the other; of a smaller one that is the quickest way."""

SOON = 1000
"""Rows after which reading a table from its beginning has to stop: what every tenth row has is found soon."""

Node = dict[str, Any]


def faults(ask: Callable[[], object], *, along: str = "") -> list[str]:
    """What is wrong with the plans of all statements of `ask`, as PostgreSQL ran them, in sentences; `along` is an
    index that has to be used once there are many people."""
    large = _large_tables()
    nodes = [node for statement in _statements(ask) for node in _nodes(_explained(*statement))]
    found = []
    for table in sorted(large):
        scans = [node for node in nodes if node["Node Type"] == "Seq Scan" and node["Relation Name"] == table]
        read = max(map(_rows_read, scans), default=0)
        if read > SOON:
            found.append(f"reads {read:,} of {large[table]:,.0f} rows of {table} one after the other")
    if along and "progress_user" in large and along not in {node.get("Index Name") for node in nodes}:
        found.append(f"does not look along {along}")
    return found


def _large_tables() -> dict[str, float]:
    with connection.cursor() as sql:
        sql.execute("SELECT relname, reltuples FROM pg_class WHERE relkind = 'r' AND reltuples > %s", [LARGE])
        return dict(sql.fetchall())


def _statements(ask: Callable[[], object]) -> list[tuple[str, Any]]:
    seen: list[tuple[str, Any]] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        seen.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        ask()
    return seen


def _explained(sql: str, params: Any) -> Node:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
        told = cursor.fetchone()[0]
    plan: Node = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    return plan


def _rows_read(scan: Node) -> int:
    rows: int = round(scan["Actual Loops"] * (scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0)))
    return rows


def _nodes(plan: Node) -> Iterator[Node]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from _nodes(inner)
