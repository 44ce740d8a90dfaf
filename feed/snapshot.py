"""Snapshots: the feed as it is now, with the position from which live entries continue it.

The position is taken before the query runs: what happens between the two is then in both, which is harmless, and
never in neither, which would be a loss (law 5).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from asgiref.sync import async_to_sync
from redis.exceptions import RedisError

from feed import cursor, groups, metrics, single_flight
from feed.cursor import Cursor
from feed.entries import Entry
from feed.filters import NONE, Filters
from feed.layer import histories
from feed.query import get_student_activity_feed
from progress.failures import in_words
from progress.models import Disclosure, User
from progress.privacy import disclosures
from progress.querysets import is_administrator

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A page of entries, newest first; `next` is the cursor of the older page.

    `position` says where live entries go on; None where Redis is away, and then nothing is live.
    """

    entries: list[Entry]
    next: str | None
    position: dict[str, str] | None


def take(viewer: User, *, limit: int, filters: Filters = NONE, before: Cursor | None = None) -> Snapshot:
    """Take a snapshot for this viewer, or share one that is being taken with the same answer.

    What was asked for a moment ago is as good: whatever came since lies after its position.
    """
    # Everybody who sees all sees the same.
    whose = None if is_administrator(viewer) else viewer.pk
    taken = single_flight.once((whose, limit, filters, before), lambda: _take(viewer, limit, filters, before))
    if filters.students:
        disclosures.note(viewer, {entry["user"]["id"] for entry in taken.entries}, Disclosure.Where.FEED)
    return taken


def _take(viewer: User, limit: int, filters: Filters, before: Cursor | None) -> Snapshot:
    position = _position(groups.of_viewer(viewer))
    with metrics.snapshot.time():
        entries = get_student_activity_feed(limit + 1, viewer=viewer, filters=filters, before=before)
    page = entries[:limit]
    return Snapshot(page, cursor.after(page[-1]) if len(entries) > limit else None, position)


def _position(names: Sequence[str]) -> dict[str, str] | None:
    async def read() -> dict[str, str]:
        return {group: str(mark) for group, mark in (await histories().positions(names)).items()}

    try:
        return async_to_sync(read)() if names else {}
    except (RedisError, OSError) as error:
        log.warning("A snapshot without a position: Redis is away", extra={"error": in_words(error)})
        return None
