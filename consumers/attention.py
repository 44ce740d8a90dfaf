"""Dismissed reasons for attention, told to every process, and there to the open pages of whoever teaches the course."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from consumers import access, frames
from consumers.stream import Stream
from consumers.viewer import Viewer
from feed import groups
from feed.history import Post
from feed.layer import histories
from progress import signals
from progress.outbox import Reference


async def tell_processes(*, references: list[Reference], **_: Any) -> None:
    """Receiver of `attention_changed`: say it to every process."""
    courses = sorted({reference.object_id for reference in references})
    await histories().append([Post(msgspec.json.encode({"courses": courses}), [access.GROUP], entry_id="")])


def tell_viewers(streams: Mapping[str, Stream], courses: Collection[int]) -> None:
    """Tell each viewer of these courses' groups, and of all, to load the list anew; no student is in one of them."""
    concerned: dict[Viewer, list[int]] = {}
    for viewer in _viewers(streams, groups.ALL):
        concerned[viewer] = sorted(courses)
    for course in sorted(courses):
        for viewer in _viewers(streams, groups.of_course(course)):
            concerned.setdefault(viewer, []).append(course)
    for viewer, theirs in concerned.items():
        viewer.write(frames.attention(theirs))


def _viewers(streams: Mapping[str, Stream], group: str) -> Iterable[Viewer]:
    stream = streams.get(group)
    return () if stream is None else stream.viewers


def connect() -> None:
    """Connect the receiver (ConsumersConfig.ready)."""
    signals.attention_changed.connect(tell_processes, dispatch_uid="consumers.tell_of_attention")
