"""The feed socket: positions in, entries out (docs/protocol.md)."""

from __future__ import annotations

from typing import Any, cast

from consumers import codes, frames, metrics, presence
from consumers.hub import hub
from consumers.incoming import unknown_type
from consumers.screen import Samples
from consumers.socket import PING, Closed, Socket
from consumers.viewer import Viewer
from feed import groups
from feed.catch_up import parse_position
from feed.filters import Filters, parse_object_of_filters
from feed.history import Position


class FeedConsumer(Socket):
    """A viewer's socket: says from where to go on, then gets every entry of the viewer's groups in order."""

    kind = "feed"

    async def opened(self) -> None:
        """Check that there is anything the person may see."""
        self.viewer = Viewer(self.wire, self.too_slow)
        self.samples = Samples()
        await self._groups()

    async def told(self, frame: dict[str, Any]) -> None:
        """Subscribe, or subscribe anew with other filters; or note what is said to be on the screen."""
        if frame.get("type") == "shown":
            self.samples.tell(frame)
            return
        if frame.get("type") != "subscribe":
            raise unknown_type(frame)
        filters = parse_object_of_filters(frame.get("filters"))
        hub().leave(self.viewer)
        joined, asked = await self._join(frame.get("position"), filters)
        metrics.recoveries.labels("recovered" if joined else "no_position" if asked is None else "impossible").inc()
        if not joined:
            hub().leave(self.viewer)
            self.viewer.write(frames.subscribed({}, recovered=False))
            return
        self.samples = Samples()
        if frame.get("presence") is True:
            presence.audiences().join(self.viewer, self.viewer.cursors)

    async def _join(self, given: object, filters: Filters) -> tuple[bool, Position | None]:
        """Whether the viewer went on live from the position given, and that, where it is one of the viewer's groups.

        Whoever looked at the viewer's rights meanwhile could not tell whether this has those that are left: it begins
        again, with the groups of now.
        """
        while True:
            turn = self.viewer.turn
            asked = parse_position(given, await self._groups())
            joined = asked is not None and await hub().join(self.viewer, asked, filters, turn=turn)
            if joined or self.viewer.turn == turn:
                return joined, asked

    async def check(self) -> None:
        """Close where nothing is left to see; where something else is, have the page begin anew with that."""
        names = set(await self._groups())
        if not self.viewer.cursors:
            hub().leave(self.viewer)  # a subscription under way may have been begun with rights that are gone
        elif names != set(self.viewer.cursors):
            hub().reset([self.viewer], "access_changed")

    async def gone(self) -> None:
        """Leave the hub."""
        if hasattr(self, "viewer"):
            hub().leave(self.viewer)

    async def tell(self, said: object) -> None:
        """Send; with each ping go the marks that moved over entries hidden by the viewer's filters."""
        if said is PING and hasattr(self, "viewer") and self.viewer.behind_since is None:
            self.viewer.tell_moved()
        await super().tell(said)

    async def _groups(self) -> list[str]:
        names = await groups.look_up(cast(int, self.person_id))
        if not names:
            raise Closed(codes.NOTHING_TO_SEE)
        return names
