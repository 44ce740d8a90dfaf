"""Which dismissals still hold: for how long, and for how much of what happens after them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cache

from django.db.models import Q

from feed.attention.findings import Finding
from progress.attention import Kind
from progress.compiled import Given
from progress.models import AttentionDismissal
from progress.prepared import Prepared, Value

_READ = ("kind", "user_id", "course_id", "lesson_id", "episode", "at", "until")

SAME_PART = 60
"""Seconds of a lesson: while a student goes on playing a part its edges move, and it is still the same part."""

SAME_SITTING = timedelta(hours=12)
"""Who is stuck in the same part on another day is stuck anew."""

NOT_DISMISSED = """NOT EXISTS (
    SELECT FROM progress_attentiondismissal said
    WHERE said.course_id = {course} AND said.user_id = {user} AND said.kind = {kind} AND said.lesson_id = {lesson}
    AND said.episode >= {episode} AND (said.until IS NULL OR said.until > %(now)s)
)"""
"""The same as `still_holds` in SQL, for kinds of which there may be more than a page has room for."""


def still_holds(said: AttentionDismissal, finding: Finding, *, now: datetime) -> bool:
    """Whether this dismissal of the same student, course, lesson and kind holds for what was found."""
    if said.until is not None and said.until <= now:
        return False
    if finding.kind != Kind.STUCK:
        return finding.episode <= said.episode
    # The episode is the middle of the part.
    is_same_part = abs(finding.episode - said.episode) <= SAME_PART
    return is_same_part and (said.until is not None or now - said.at < SAME_SITTING)


def standing(findings: Sequence[Finding], *, now: datetime) -> list[Finding]:
    """Findings without those that are dismissed."""
    said: dict[object, list[AttentionDismissal]] = {}
    for each in _about({finding.user_id for finding in findings}, now=now):
        said.setdefault((each.kind, each.user_id, each.course_id, each.lesson_id), []).append(each)
    return [
        finding
        for finding in findings
        if not any(
            still_holds(each, finding, now=now)
            for each in said.get((finding.kind, finding.user_id, finding.course_id, finding.lesson_id), ())
        )
    ]


def _about(people: Collection[int], *, now: datetime) -> Sequence[AttentionDismissal]:
    if not people:
        return ()
    rows = _prepared().rows(people=list(people), now=now)
    return [AttentionDismissal(**dict(zip(_READ, row, strict=True))) for row in rows]


@cache
def _prepared() -> Prepared:
    holding = Q(until=None) | Q(until__gt=Value("now", "timestamptz"))
    return Prepared(AttentionDismissal.objects.filter(holding, user_id__among=Given("people")).values_list(*_READ))
