"""Filters: which entries a viewer wants. One meaning for snapshots (SQL) and for live entries (Python).

Repeated values are OR, different filters AND, absent or empty means none. `since` <= timestamp < `until`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from feed.entries import TYPES, Entry, timestamp
from progress.refusals import BadValue, Unreadable
from progress.text import normalised

NAMES = ("type", "course", "student", "q", "since", "until")
MOST_VALUES = 100
Q_LENGTH = (3, 100)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a viewer asked for; `words` are normalised. Equal filters are equal values, so frames can be shared."""

    types: frozenset[str] = frozenset()
    courses: frozenset[int] = frozenset()
    students: frozenset[int] = frozenset()
    words: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def __bool__(self) -> bool:
        return self != NONE

    def match(self, entry: Entry) -> bool:
        """Return whether a live entry is one of those that the same filters would select in SQL."""
        return (
            (not self.types or entry["type"] in self.types)
            and (not self.courses or entry["course"]["id"] in self.courses)
            and (not self.students or entry["user"]["id"] in self.students)
            and (self.since is None or entry["timestamp"] >= timestamp(self.since))
            and (self.until is None or entry["timestamp"] < timestamp(self.until))
            and (not self.words or self._says(entry))
        )

    def _says(self, entry: Entry) -> bool:
        lesson = entry["lesson"]
        texts = [
            normalised(text)
            for text in (entry["user"]["name"], entry["course"]["title"], lesson["title"] if lesson else "")
        ]
        return all(any(word in text for text in texts) for word in self.words)


NONE = Filters()


def parse_filters(given: Mapping[str, Any]) -> Filters:
    """Return the filters in a query string (lists of texts) or a frame (JSON values).

    Raises BadValue with `invalid_type`, `invalid_course`, `invalid_student`, `invalid_q`, `invalid_since` or
    `invalid_until`.
    """
    return Filters(
        types=frozenset(_types(given.get("type"))),
        courses=frozenset(_ids(given.get("course"), "course")),
        students=frozenset(_ids(given.get("student"), "student")),
        words=_words(given.get("q")),
        since=_moment(given.get("since"), "since"),
        until=_moment(given.get("until"), "until"),
    )


def parse_object_of_filters(given: object) -> Filters:
    """Return the filters in a frame or body, where they are an object or null; raises Unreadable (`invalid_filters`)
    and what parse_filters raises."""
    if given is not None and not isinstance(given, dict):
        raise Unreadable("invalid_filters", _("filters must be an object."))
    return parse_filters(given or {})


def _several(value: Any, name: str) -> Sequence[Any]:
    values = [] if value is None else value if isinstance(value, list | tuple) else [value]
    if len(values) > MOST_VALUES:
        raise BadValue(
            f"invalid_{name}", _("%(name)s may be given at most %(most)d times.") % {"name": name, "most": MOST_VALUES}
        )
    return [each for each in values if each != ""]


def _types(value: Any) -> Sequence[str]:
    types = _several(value, "type")
    for each in types:
        if each not in TYPES:
            said = {"types": ", ".join(TYPES), "got": repr(str(each)[:60])}
            raise BadValue("invalid_type", _("type must be one of %(types)s; got %(got)s.") % said)
    return types


def _ids(value: Any, name: str) -> list[int]:
    ids = []
    for each in _several(value, name):
        # isdecimal alone would let Arabic digits pass, which int() reads but no id is written in.
        text = str(each)
        if isinstance(each, bool) or not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) < 2**63):
            said = {"name": name, "got": repr(text[:60])}
            raise BadValue(f"invalid_{name}", _("%(name)s must be an id, a whole number; got %(got)s.") % said)
        ids.append(int(text))
    return ids


def _single(value: Any, name: str) -> str:
    values = _several(value, name)
    if len(values) > 1 or not all(isinstance(each, str) for each in values):
        raise BadValue(f"invalid_{name}", _("%(name)s must be one text.") % {"name": name})
    return values[0] if values else ""


def _words(value: Any) -> tuple[str, ...]:
    text = normalised(_single(value, "q"))
    least, most = Q_LENGTH
    if (text and not least <= len(text) <= most) or "\x00" in text:
        raise BadValue("invalid_q", _("q must have %(least)d to %(most)d characters.") % {"least": least, "most": most})
    return tuple(sorted(text.split()))


def _moment(value: Any, name: str) -> datetime | None:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    text = _single(value, name)
    if not text:
        return None
    try:
        given = datetime.fromisoformat(text)
        # In UTC, for of offsets PostgreSQL reads less than ISO 8601 has: below 16 hours, in whole seconds.
        moment = given.astimezone(UTC) if given.tzinfo else None
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise BadValue(
            f"invalid_{name}",
            _("%(name)s must be an ISO 8601 moment with its offset, as 2026-11-22T16:00:00Z.") % {"name": name},
        )
    return moment
