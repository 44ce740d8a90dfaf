"""What may be reported to the recorder, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from progress.audit import Confirmation
from progress.coverage import Segment
from progress.papers import Result
from progress.quizzes import Answered
from progress.ticks import Tick


@dataclass(frozen=True, slots=True)
class Completion:
    """A student's wish to mark a lesson as complete."""

    user_id: int
    lesson_id: int


@dataclass(frozen=True, slots=True)
class Reconsideration:
    """That a lesson wants less now: whoever has done that much completes it."""

    user_id: int
    lesson_id: int


Report = Tick | Completion | Answered | Confirmation | Reconsideration


@dataclass(frozen=True, slots=True)
class Ack:
    """What a report came to, true once given: it is committed."""

    id: int | None
    watch_percentage: float
    status: str
    completed: bool
    attempt: Result | None = None
    confirmed: bool = False
    """Whether it was this confirmation that completed the lesson."""
    course_id: int = 0
    duration: float = 0.0
    segments: Sequence[Segment] = ()
    """The lesson's course and length in seconds, and which seconds of it count now: for whoever shows that."""
