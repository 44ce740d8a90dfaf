"""Queries of the ORM that are turned into SQL once for all viewers, and run on Django's own connection.

Building a query with a permission in it costs the ORM milliseconds, several times what PostgreSQL takes to answer it.
The permission stays the QuerySet's: it is asked of somebody who stands in for whoever looks.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import BigIntegerField, CharField, DateTimeField, Expression, Field, QuerySet

from progress.compiled import Given
from progress.models import User

_SOMEBODY = -8_646_911_284_551_352_321
"""An id that nobody has and no query names but for the viewer."""

_FIELDS: dict[str, type[Field[Any, Any]]] = {
    "bigint": BigIntegerField,
    "text": CharField,
    "timestamptz": DateTimeField,
}


class Value(Expression):
    """The place of one value in a query, filled when the query is run: `user_id=Value("person", "bigint")`."""

    def __init__(self, name: str, kind: str) -> None:
        super().__init__(output_field=_FIELDS[kind]())
        self.name = name
        self.kind = kind

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Render the place, with itself as the parameter."""
        return f"%s::{self.kind}", (self,)


def stand_in(*, administers: bool) -> User:
    """Somebody for whom a QuerySet scope can be built, as an administrator or as anybody else."""
    person: User = get_user_model()(pk=_SOMEBODY, is_superuser=administers)
    person._perm_cache = set()  # type: ignore[attr-defined] # nothing is asked of the database for them
    return person


class Prepared:
    """A `values_list` query with `Value`s and `Given`s in it, built for `stand_in`."""

    def __init__(self, query: QuerySet[Any, tuple[Any, ...]]) -> None:
        self._sql, self._parameters = query.query.sql_with_params()

    def rows(self, viewer: User | None = None, **given: Any) -> list[tuple[Any, ...]]:
        """Run it for this viewer, if there is one in it, and return its rows; `given` are the values, by name."""
        pk = viewer.pk if viewer else None
        filled = [
            given[each.name] if isinstance(each, Value | Given) else pk if each == _SOMEBODY else each
            for each in self._parameters
        ]
        with connection.cursor() as cursor:
            cursor.execute(self._sql, filled)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
