"""Entries: the one shape of a line of the feed, on pages, in the API and on the wire (docs/protocol.md)."""

from datetime import UTC, datetime
from typing import Any, Final

Entry = dict[str, Any]

LESSON_COMPLETED: Final = "lesson_completed"
EXAM_ATTEMPT: Final = "exam_attempt"
CERTIFICATION_ISSUED: Final = "certification_issued"
PROGRESS_UPDATE: Final = "progress_update"

TYPES = (CERTIFICATION_ISSUED, EXAM_ATTEMPT, LESSON_COMPLETED, PROGRESS_UPDATE)

Key = tuple[str, str, int]  # timestamp, type, numeric id


def entry_id(type: str, pk: int) -> str:
    """The entry's id: its type and the primary key of the row it speaks of."""
    return f"{type}:{pk}"


def timestamp(at: datetime) -> str:
    """A moment as every entry says it: UTC, exactly six decimals, `Z`; so that texts sort as moments do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def key(entry: Entry) -> Key:
    """What entries are ordered by, descending: timestamp, type as ASCII text, numeric id."""
    return (entry["timestamp"], entry["type"], int(entry["id"].rpartition(":")[2]))
