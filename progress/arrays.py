"""Arrays for PostgreSQL, written in C."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


def array(values: Sequence[object]) -> str:
    """Return plain values (numbers, moments, texts without control characters, None) as PostgreSQL's array literal.

    A JSON array is one but for its brackets: null, and backslashes in texts, mean the same. msgspec writes it in C,
    where psycopg asks each value what it is in Python.
    """
    return f"{{{msgspec.json.encode(values).decode()[1:-1]}}}"
