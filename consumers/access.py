"""Changed rights on open sockets: told to every process, each looks again at the sockets of the people concerned."""

from __future__ import annotations

import logging
from typing import Any

from channels.layers import get_channel_layer

from consumers import heartbeat
from progress import signals
from progress.outbox import Reference

log = logging.getLogger(__name__)

GROUP = "people"
"""The group of every process' hub, for what concerns people and not entries."""

CHANGED = "access.changed"


async def tell_processes(*, references: list[Reference], **_: Any) -> None:
    """Receiver of `access_changed`: say it to every process."""
    layer = get_channel_layer()
    people = sorted({reference.object_id for reference in references})
    if layer is not None:
        await layer.group_send(GROUP, {"type": CHANGED, "people": people})


async def look_again(people: list[int]) -> None:
    """Check the open sockets of these people again; each closes, or is reset, where rights were lost or gained."""
    concerned = set(people)
    for socket in heartbeat.open_sockets():
        if socket.person.pk in concerned:
            try:
                await socket.look_again()
            except Exception:
                # Not knowing is not permission: a socket that cannot be checked is closed, and may come again.
                log.exception("A socket could not be checked again")
                await socket.turn_away()


def connect() -> None:
    """Connect the receiver (ConsumersConfig.ready)."""
    signals.access_changed.connect(tell_processes, dispatch_uid="consumers.tell_processes")
