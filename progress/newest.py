"""The newest tick of each student and lesson, with what it came to: for whoever shows who is watching (feed.presence).

The recorder notes it, a dictionary write a tick, whichever door the tick came by; what nobody takes is overwritten.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Sequence

from progress.reports import Ack, Report
from progress.rows import Key
from progress.ticks import Tick

Newest = dict[Key, tuple[Tick, Ack]]

_newest: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Newest] = weakref.WeakKeyDictionary()


def follow() -> None:
    """Note the ticks of this loop from now on."""
    _newest.setdefault(asyncio.get_running_loop(), {})


def forget() -> None:
    """Note them no more."""
    _newest.pop(asyncio.get_running_loop(), None)


def take() -> Newest:
    """Return what was noted since the last call."""
    loop = asyncio.get_running_loop()
    taken = _newest.get(loop)
    if not taken:
        return {}
    _newest[loop] = {}
    return taken


def take_one(key: Key) -> tuple[Tick, Ack] | None:
    """Return what was noted of one student in one lesson since the last call."""
    return _newest.get(asyncio.get_running_loop(), {}).pop(key, None)


def noted() -> Newest | None:
    """Where the ticks of this loop are noted; None where nobody follows them."""
    return _newest.get(asyncio.get_running_loop())


def note(newest: Newest, reports: Sequence[Report], acks: Sequence[Ack]) -> None:
    """Note those of these reports that are ticks."""
    for report, ack in zip(reports, acks, strict=True):
        if isinstance(report, Tick):
            newest[report.user_id, report.lesson_id] = (report, ack)
