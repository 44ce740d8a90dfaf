"""Rows that want a look: what was reported there and does not count, for whoever teaches the course."""

from __future__ import annotations

from functools import lru_cache
from typing import TypedDict

from django.utils.translation import gettext

from progress import coverage
from progress.models import User, UserProgress
from progress.prepared import Prepared, stand_in
from progress.querysets import is_administrator


class Suspicion(TypedDict):
    """One row that wants a look; `uncounted_minutes` were reported as played and do not count."""

    row: UserProgress
    reason: str
    uncounted_minutes: float


def seen_by(person: User, *, limit: int) -> list[Suspicion]:
    """Other people's rows that want a look, as far as the person may see them; of whoever watched last first."""
    if not person.is_active:
        return []
    found = [pk for (pk,) in _prepared(is_administrator(person), limit).rows(person)]
    if not found:  # as on nearly every page
        return []
    rows = UserProgress.objects.filter(pk__in=found).select_related("user", "lesson__course")
    return [about(row) for row in rows.order_by("-last_accessed", "-pk")]


@lru_cache
def _prepared(administers: bool, limit: int) -> Prepared:
    viewer = stand_in(administers=administers)
    others = UserProgress.objects.visible_to(viewer).exclude(user=viewer).exclude(suspicious="")
    return Prepared(others.order_by("-last_accessed", "-pk").values_list("pk")[:limit])


def about(row: UserProgress) -> Suspicion:
    """What there is to say of a row that wants a look."""
    return {
        "row": row,
        "reason": gettext(row.suspicious),
        "uncounted_minutes": coverage.seconds(coverage.union(map(tuple, row.unpaid_segments))) / 60,
    }
