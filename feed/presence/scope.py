"""Who is there of those whom a viewer may watch: read once for a page, which shows it in several places."""

from __future__ import annotations

from feed import presence
from feed.presence import Seat
from progress import teaching
from progress.models import User
from progress.querysets import is_administrator


def seen_by(viewer: User) -> list[Seat] | None:
    """Their seats in the courses that this person teaches, an administrator's being all; None where Redis is away."""
    if is_administrator(viewer):
        return presence.seats_from_thread(None)
    courses = teaching.course_ids(viewer)
    return presence.seats_from_thread(courses) if courses else []
