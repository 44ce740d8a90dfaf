"""Who is an operator: may see the machinery, and, which is another permission, act on it."""

from __future__ import annotations

from typing import Final

from progress import database
from progress.models import User
from progress.querysets import MODEL_BACKEND

VIEW: Final = "consumers.view_ops"
OPERATE: Final = "consumers.operate"


async def may_view(person_id: int) -> bool:
    """Whether this person is an operator now. Raises psycopg.Error where the database is away."""
    operators = User.objects.with_perm(VIEW, backend=MODEL_BACKEND)
    return bool(await database.rows(operators.filter(pk=person_id).values_list("pk")))
