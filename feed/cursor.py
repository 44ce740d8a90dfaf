"""Cursors: where the next older page begins. A keyset, so that entries that arrive meanwhile shift nothing."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from feed.entries import TYPES, Entry, key
from progress.refusals import BadValue


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page; the next page holds what is older."""

    at: datetime
    type: str
    pk: int


def after(entry: Entry) -> str:
    """Return the cursor of the page that follows this entry: opaque to clients, safe in a URL."""
    text = "|".join(str(part) for part in key(entry))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def parse_cursor(text: str) -> Cursor:
    """Return the cursor, or raise BadValue (`invalid_cursor`).

    A cursor is what `after` gave, or an entry in clear: its timestamp, a space, its id. A page whose rows come and go
    has no other way to say where it ends.
    """
    try:
        at, type, pk = _in_clear(text) if " " in text else _decoded(text)
        # In UTC, for there are offsets that PostgreSQL does not read.
        cursor = Cursor(datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC), type, int(pk))
    except (ValueError, OverflowError, binascii.Error):
        cursor = None
    if cursor is None or cursor.type not in TYPES or not 0 <= cursor.pk < 2**63:
        raise BadValue(
            "invalid_cursor",
            _("before must be a cursor that an earlier page gave as `next`, or an entry's timestamp and id."),
        )
    return cursor


def _in_clear(text: str) -> list[str]:
    at, _, id = text.partition(" ")
    return [at, *id.split(":")]


def _decoded(text: str) -> list[str]:
    padded = text.encode("ascii") + b"=" * (-len(text) % 4)
    return base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii").split("|")
