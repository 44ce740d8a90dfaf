"""Whose students are looked at: courses of one viewer, and of one student where only that one is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from progress import teaching
from progress.models import Course, User

MOST = 100
"""Findings that are listed at most; whoever has more than that to do does the first ones first."""

LEAST_OF_A_COURSE = 5
"""Of each course, however many somebody teaches."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Courses whose students are looked at, by whom, and at which moment. `student_id`: only this one."""

    courses: tuple[int, ...]
    viewer_id: int
    now: datetime
    student_id: int | None = None

    @classmethod
    def of(cls, viewer: User, *, now: datetime, student: User | None = None) -> Scope:
        """What this person may see; of one student, their courses alone."""
        if student is None:
            return cls(tuple(teaching.course_ids(viewer)), viewer.pk, now)
        taught = Course.objects.taught_by(viewer).filter(enrollments__user=student, enrollments__active=True)
        return cls(tuple(taught.order_by("pk").values_list("pk", flat=True)), viewer.pk, now, student.pk)

    @property
    def most_of_a_course(self) -> int:
        """How many findings of a kind are read of each course, so that their number is bounded however many there
        are: who teaches a few courses gets them all, who sees hundreds gets each course's first."""
        return max(LEAST_OF_A_COURSE, MOST // max(1, len(self.courses)))

    def includes(self, user_id: int) -> bool:
        """Whether this student is looked at; nobody stands on their own list."""
        return user_id != self.viewer_id and self.student_id in (None, user_id)

    def condition(self, column: str) -> str:
        """The same as SQL for a column of this code's own."""
        only = f"{column} = %(student)s" if self.student_id is not None else "true"
        return f"{only} AND {column} <> %(viewer)s"

    def parameters(self) -> dict[str, Any]:
        """What statements with `condition` and NOT_DISMISSED refer to."""
        return {
            "courses": list(self.courses),
            "viewer": self.viewer_id,
            "student": self.student_id,
            "now": self.now,
            "most": self.most_of_a_course,
        }
