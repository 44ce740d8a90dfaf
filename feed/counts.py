"""How many rows there are, as a value inside another query."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Func, IntegerField, QuerySet, Subquery


def count_of(rows: QuerySet[Any]) -> Subquery:
    """The number of these rows, which may refer to the query around them."""
    # No aggregate in Django's eyes, which would group by each row.
    numbers = rows.order_by().annotate(number=Func(F("pk"), function="COUNT")).values("number")
    return Subquery(numbers, output_field=IntegerField())
