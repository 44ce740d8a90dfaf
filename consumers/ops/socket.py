"""The operators' socket: what /ops/ shows, again every two seconds (docs/protocol.md)."""

from __future__ import annotations

from typing import Any, cast

from consumers import codes
from consumers.incoming import unknown_type
from consumers.ops import permission
from consumers.ops.watch import watch
from consumers.socket import Closed, Socket
from consumers.wire import Frame


class OpsConsumer(Socket):
    """An operator's page. It is told, and says nothing itself."""

    kind = "ops"

    async def opened(self) -> None:
        """Check that the person is an operator, and look from now on."""
        await self.check()
        watch().join(self)

    async def told(self, frame: dict[str, Any]) -> None:
        """There is nothing to say on this socket."""
        raise unknown_type(frame)

    async def check(self) -> None:
        """Close where the person is no operator, or not any more."""
        if not await permission.may_view(cast(int, self.person_id)):
            watch().leave(self)
            raise Closed(codes.NOTHING_TO_SEE)

    async def gone(self) -> None:
        """Look no more."""
        watch().leave(self)

    async def show(self, frame: Frame) -> None:
        """Send what was seen, unless the last of it is unread still: the next one has everything."""
        if self.unsent() < codes.BEHIND_BYTES:
            await self.tell(frame)
