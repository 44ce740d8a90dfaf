"""A page with the feed as its scripts have it (feed-follower.js, feed-order.js), which doubts every frame it is given.

What a frame breaks is kept in `wrong` as a sentence: law 4 (filters), law 5 (no hole in the offsets), law 7 (groups).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from feed import groups
from feed.entries import Entry, key
from feed.filters import NONE, Filters
from feed.history import Mark, parse_mark

Marks = dict[str, str]


Kept = tuple[dict[str, Entry], Marks | None]
"""A page as the browser may show it again later: its list with its position."""


@dataclass(slots=True)
class Page:
    """The list, and where it is."""

    filters: Filters = NONE
    entries: dict[str, Entry] = field(default_factory=dict)
    position: Marks | None = None
    subscribed: bool = False
    may: frozenset[str] = frozenset()
    """The groups that its viewer has, or had since rights were last known to be in force everywhere."""
    frames: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def rows(self) -> list[Entry]:
        """What is on the screen, newest first."""
        return sorted(self.entries.values(), key=key, reverse=True)

    def keep(self) -> Kept:
        """The page as it is."""
        return dict(self.entries), self.position

    def show_again(self, kept: Kept) -> None:
        """Be as it was then."""
        self.entries, self.position = dict(kept[0]), kept[1]

    def replace_all(self, entries: list[Entry], position: Marks | None) -> None:
        """A snapshot: these entries and no others."""
        self.entries = {entry["id"]: entry for entry in entries}
        self.position = position

    def hear(self, frame: dict[str, Any]) -> bool:
        """Do what a frame says; return whether a snapshot is needed now."""
        self.frames.append(frame)
        if frame["type"] == "subscribed":
            self.subscribed = frame["recovered"]
            if self.subscribed:
                self._check(frame["position"] == self.position, "another position than was asked for", frame)
                self._check(set(frame["position"]) <= self.may, "subscribed to what its viewer may not see", frame)
            return not self.subscribed
        if not self.subscribed:
            return False  # of the subscription before
        if frame["type"] == "reset":
            self.subscribed = False
            return True
        self._check(frame["type"] in ("entries", "withdrawn"), "an unknown frame", frame)
        self._move(frame)
        for id in frame.get("ids", []):
            self.entries.pop(id, None)
        for entry in frame.get("entries", []):
            known = self.entries.get(entry["id"])
            if known is None or entry["timestamp"] >= known["timestamp"]:
                self.entries[entry["id"]] = entry
        return False

    def _move(self, frame: dict[str, Any]) -> None:
        [(group, text)] = frame["position"].items()
        self._check(group in self.may, f"{group} is not its viewer's", frame)
        for entry in frame.get("entries", []):
            audience = groups.of_entry(user_id=entry["user"]["id"], course_id=entry["course"]["id"])
            self._check(group in audience, f"{entry['id']} is not for {group}", frame)
            self._check(self.filters.match(entry), f"{entry['id']} does not match the filters", frame)
        before = parse_mark((self.position or {}).get(group))
        given = len(frame.get("entries", [])) + len(frame.get("ids", []))
        holds = _follows(before, parse_mark(text), given, whole=not self.filters)
        self._check(holds, f"it does not follow {before}", frame)
        self.position = {**(self.position or {}), group: text}

    def _check(self, holds: bool, what: str, frame: dict[str, Any]) -> None:
        if not holds:
            self.wrong.append(f"{what}: {frame}")


def _follows(before: Mark | None, after: Mark | None, given: int, *, whole: bool) -> bool:
    """Return whether so many items bring one mark to the other; filters may hide some."""
    if before is None or after is None or before.epoch != after.epoch:
        return False
    step = after.offset - before.offset
    return step == given if whole else step >= given
