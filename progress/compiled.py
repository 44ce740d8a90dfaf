"""Queries of the ORM that are turned into SQL once and run many times, each time with other ids.

Building a query costs the ORM milliseconds, several times what PostgreSQL takes to answer it; and a statement whose
text is the same each time is prepared by psycopg.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Expression, QuerySet

from progress import database


class Given(Expression):
    """The place of an array in a query, filled when the query is run: `pk__among=Given("people")`."""

    def __init__(self, name: str, kind: str = "bigint") -> None:
        super().__init__()
        self.name = name
        self.kind = kind

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Render the place, with itself as the parameter."""
        return f"%s::{self.kind}[]", (self,)


class Compiled:
    """A `values_list` query with `Given`s in it; `build` is called at the first run, when Django is set up."""

    def __init__(self, build: Callable[[], QuerySet[Any, tuple[Any, ...]]]) -> None:
        self._build = build
        self._statement: tuple[str, tuple[Any, ...]] | None = None

    async def rows(self, **given: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Run it on this loop's pool and return its rows; `given` are the arrays, by name."""
        if self._statement is None:
            self._statement = self._build().query.sql_with_params()
        statement, parameters = self._statement
        filled = [list(given[each.name]) if isinstance(each, Given) else each for each in parameters]
        async with database.connection() as borrowed:
            cursor = await borrowed.execute(statement, filled)
            return await cursor.fetchall()
