"""A finding: one reason why a student may need somebody, as figures, before it is a sentence in anybody's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from progress.attention import Kind, Subject

URGENCY = {kind: place for place, kind in enumerate(Kind)}
"""Who is here now comes first: in an hour it is too late. Then what stands still by itself until somebody speaks."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a student may need somebody. `figures` is what its sentence says; `episode` how far it has come, so that
    one that was dismissed comes back when more happens."""

    kind: Kind
    user_id: int
    course_id: int
    lesson_id: int | None
    since: datetime
    episode: int
    figures: Mapping[str, int] = field(default_factory=dict)

    @property
    def subject(self) -> Subject:
        """What is dismissed when this is."""
        return Subject(self.kind, self.user_id, self.course_id, self.lesson_id, self.episode)


def most_urgent_first(finding: Finding) -> tuple[int, float, int]:
    """The order of findings: by kind; who is furthest behind, else what began last, first; never by chance."""
    worst = finding.figures["median"] - finding.figures["done"] if finding.kind == Kind.BEHIND else 0
    return URGENCY[finding.kind], -(worst or finding.since.timestamp()), finding.user_id
