"""Who sits idle in the middle of a lesson at this moment: from presence, as far as Redis can tell."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from feed.attention import rules
from feed.attention.findings import Finding
from feed.attention.scope import Scope
from feed.presence import Seat
from progress.attention import Kind
from progress.models import Enrollment, Lesson


def find(scope: Scope, seats: Collection[Seat] | None) -> list[Finding]:
    """Of those who are there, students who are idle in the middle of a lesson; none where nobody knows who is."""
    theirs = [seat for seat in seats or () if scope.includes(seat.user_id)]
    idle = [seat for seat in theirs if seat.state == "idle" and scope.now - seat.since >= rules.IDLE_AFTER]
    if not idle:
        return []
    thresholds = dict(
        Lesson.objects.filter(pk__in={seat.lesson_id for seat in idle}).values_list("pk", "completion_threshold")
    )
    studying = Enrollment.objects.filter(
        active=True, user__in={seat.user_id for seat in idle}, course__in={seat.course_id for seat in idle}
    )
    pairs = set(studying.values_list("user_id", "course_id"))
    return in_the_middle(
        (seat for seat in idle if (seat.user_id, seat.course_id) in pairs), thresholds=thresholds, now=scope.now
    )


def in_the_middle(seats: Iterable[Seat], *, thresholds: dict[int, float], now: datetime) -> list[Finding]:
    """What is found of idle seats, given each lesson's threshold; of a lesson that is gone, nothing."""
    return [
        Finding(
            Kind.IDLE,
            seat.user_id,
            seat.course_id,
            seat.lesson_id,
            seat.since,
            int(seat.since.timestamp()),
            {"percent": int(seat.percentage)},
        )
        for seat in seats
        if rules.is_idle_in_the_middle(
            since=seat.since, now=now, percentage=seat.percentage, threshold=thresholds.get(seat.lesson_id, 0)
        )
    ]
