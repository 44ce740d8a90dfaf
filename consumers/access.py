"""Changed rights on open sockets: told to every process, each looks again at the sockets of the people concerned."""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from consumers import heartbeat
from feed.history import Post
from feed.layer import histories
from progress import signals, signed_in
from progress.outbox import Reference

log = logging.getLogger(__name__)

GROUP = "people"
"""The group of every process' hub, for what concerns people and not entries. It has a history as any other: a process
that lost a message sees the gap and reads it again, or, where that is impossible, looks at everybody again."""


async def tell_processes(*, references: list[Reference], **_: Any) -> None:
    """Receiver of `access_changed`: say it to every process."""
    people = sorted({reference.object_id for reference in references})
    signed_in.forget(people)  # here at once, and elsewhere once it is heard
    await histories().append([Post(msgspec.json.encode({"people": people}), [GROUP], entry_id="")])


async def look_again(people: set[int] | None) -> None:
    """Check the open sockets of these people again, None meaning everybody's.

    Each closes, or is reset, where rights were lost or gained.
    """
    signed_in.forget(people)
    for socket in heartbeat.open_sockets():
        if socket.concerns(people):
            try:
                await socket.look_again()
            except Exception:
                # Not knowing is not permission: a socket that cannot be checked is closed, and may come again.
                log.exception("A socket could not be checked again")
                await socket.turn_away()


def connect() -> None:
    """Connect the receiver (ConsumersConfig.ready)."""
    signals.access_changed.connect(tell_processes, dispatch_uid="consumers.tell_processes")
