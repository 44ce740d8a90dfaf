"""Catching up without a socket: what happened since a position, from the histories, never from SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from feed.entries import Entry, key
from feed.filters import Filters
from feed.history import MOST_REPLAYED, Position, parse_mark
from feed.layer import histories


@dataclass(slots=True)
class CaughtUp:
    """What a viewer missed; with `reset` it cannot be told, and a new snapshot is needed."""

    entries: list[Entry] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    position: dict[str, str] = field(default_factory=dict)
    reset: bool = False


def parse_position(given: object, names: list[str]) -> Position | None:
    """Return the position if it has a mark for exactly these groups, else None."""
    if not isinstance(given, Mapping) or set(given) != set(names):
        return None
    marks = {group: parse_mark(given[group]) for group in names}
    return {group: mark for group, mark in marks.items() if mark} if all(marks.values()) else None


async def since(position: Position | None, filters: Filters) -> CaughtUp:
    """Return what came after `position`: each entry once, newest first, those withdrawn left out."""
    items: list[dict[str, Any]] = []
    marks: dict[str, str] = {}
    for group, mark in (position or {}).items():
        replay = await histories().replay(group, mark, most=MOST_REPLAYED - len(items))
        if replay is None:
            return CaughtUp(reset=True)
        items += [msgspec.json.decode(item) for item in replay.items]
        marks[group] = str(replay.at)
    if position is None:
        return CaughtUp(reset=True)
    withdrawn = [item["withdrawn"] for item in items if "withdrawn" in item]
    newest: dict[str, Entry] = {}
    for entry in sorted((item["entry"] for item in items if "entry" in item), key=key):
        newest[entry["id"]] = entry
    wanted = [entry for entry in newest.values() if entry["id"] not in set(withdrawn) and filters.match(entry)]
    return CaughtUp(sorted(wanted, key=key, reverse=True), list(dict.fromkeys(withdrawn)), marks)
