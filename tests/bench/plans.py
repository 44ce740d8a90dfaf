"""Plans: how PostgreSQL would answer what a function asks, and what of that is wrong at any size.

To be imported once Django is set up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection

LARGE = 10_000
"""Rows of a table that nobody may read from one end to the other; of a smaller one that is the quickest way."""

TRIGRAMS = frozenset({"user_search", "course_search", "lesson_search"})
"""Indexes along which a text is found inside another."""

Node = dict[str, Any]


def faults(ask: Callable[[], object], *, text: bool = False) -> list[str]:
    """What is wrong with the plans of all statements of `ask`, in sentences; with `text` one of them looks for one."""
    large = _large_tables()
    nodes = [node for statement in _statements(ask) for node in _nodes(_explained(*statement))]
    read = sorted({node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"} & large.keys())
    found = [f"reads all {large[table]:,.0f} rows of {table}" for table in read]
    if text and "progress_user" in large and not TRIGRAMS & {node.get("Index Name") for node in nodes}:
        found.append("looks for a text without a trigram index")
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
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        told = cursor.fetchone()[0]
    plan: Node = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    return plan


def _nodes(plan: Node) -> Iterator[Node]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from _nodes(inner)
