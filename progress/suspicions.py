"""Rows that want a look: what was reported there and does not count, for whoever teaches the course."""

from __future__ import annotations

from typing import TypedDict

from django.utils.translation import gettext

from progress import coverage
from progress.models import User, UserProgress


class Suspicion(TypedDict):
    """One row that wants a look; `uncounted_minutes` were reported as played and do not count."""

    row: UserProgress
    reason: str
    uncounted_minutes: float


def seen_by(person: User, *, limit: int) -> list[Suspicion]:
    """Other people's rows that want a look, as far as the person may see them; of whoever watched last first."""
    others = UserProgress.objects.visible_to(person).exclude(user=person)
    rows = others.exclude(suspicious="").select_related("user", "lesson__course")
    return [about(row) for row in rows.order_by("-last_accessed", "-pk")[:limit]]


def about(row: UserProgress) -> Suspicion:
    """What there is to say of a row that wants a look."""
    return {
        "row": row,
        "reason": gettext(row.suspicious),
        "uncounted_minutes": coverage.seconds(coverage.union(map(tuple, row.unpaid_segments))) / 60,
    }
