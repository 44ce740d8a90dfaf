"""The trail of operators' actions: the newest as /ops/ shows them, without the person on whom one was done; and what of
it stands in a person's own copy."""

from __future__ import annotations

from typing import Any

from consumers.models import OperatorAction
from progress import database
from progress.models import User
from progress.privacy import export

SHOWN = 8


async def newest() -> list[dict[str, Any]]:
    """The newest actions. Raises psycopg.Error where the database is away."""
    kinds = dict(OperatorAction.Kind.choices)
    query = OperatorAction.objects.order_by("-pk").values_list("pk", "at", "kind", "by_name", "target", "outcome")
    return [
        {
            "key": str(pk),
            "at": at.isoformat(),
            "what": str(kinds.get(kind, kind)),
            "by": by,
            "target": target,
            "outcome": outcome,
        }
        for pk, at, kind, by, target, outcome in await database.rows(query[:SHOWN])
    ]


def connect() -> None:
    """Have it in the copy of all that is kept of a person (ConsumersConfig.ready)."""
    export.also("operators_actions", _made_by)
    export.also("operators_actions_on_me", _made_on)


def _made_by(person: User) -> list[dict[str, Any]]:
    made = OperatorAction.objects.filter(by=person).order_by("pk").values("kind", "at", "target", "outcome")
    return [dict(each) for each in made]


def _made_on(person: User) -> list[dict[str, Any]]:
    made = OperatorAction.objects.filter(person=person).order_by("pk").values("kind", "at", "outcome")
    return [dict(each) for each in made]
