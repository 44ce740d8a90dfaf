"""Connections and their applications: what has ended is let go at once, and the rest is looked at a few at a time.

Daphne goes through all connections in one go, each second for applications that have ended and every two for what takes
too long. With two thousand connections each of these looks took some ten milliseconds, every ack and every entry waited
for it, and whatever had ended was kept until then.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

from daphne.server import Server
from twisted.internet import reactor as running

from project import garbage

reactor: Any = running  # its interfaces are zope's, of which mypy knows nothing

log = logging.getLogger(__name__)

LOOKED_AT_AT_A_TIME = 50
"""Connections looked at without a pause: a fifth of a millisecond."""

PAUSE_SECONDS = 0.01
"""Between two such few: five thousand connections are looked at within a second."""

LOOK_SECONDS = 1.0
"""From the end of one look at all connections to the next one."""


class TendingServer(Server):  # type: ignore[misc]
    """Daphne, whose connections and applications end when they end."""

    connections: dict[Any, dict[str, Any]]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._looks = garbage.Looks()

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Begin to answer a request or a socket, and hear when that has ended."""
        queue = super().create_application(protocol, scope)
        application = self.connections.get(protocol, {}).get("application_instance")
        if application is not None:
            application.add_done_callback(partial(self._application_ended, protocol))
        return queue

    def protocol_disconnected(self, protocol: Any) -> None:
        """Note that a connection is gone; forget it where nothing answers it any more."""
        details = self.connections.get(protocol)
        if details is None:
            return
        # By a clock that nobody sets; who else reads it asks only whether it is there.
        details.setdefault("disconnected", time.monotonic())
        self._forget_if_over(protocol)

    def application_checker(self) -> None:
        """Look at the connections, for as long as the server runs; Daphne calls it in the beginning."""
        self._look_at_some(iter(list(self.connections)))

    def timeout_checker(self) -> None:
        """Do nothing: the one look has both."""

    def kill_all_applications(self) -> Any:
        """Cancel the applications that still run, as the server ends; Daphne takes each connection to have one."""
        self.connections = {
            protocol: details for protocol, details in self.connections.items() if "application_instance" in details
        }
        return super().kill_all_applications()

    def _look_at_some(self, rest: Iterator[Any]) -> None:
        some = list(islice(rest, LOOKED_AT_AT_A_TIME))
        for protocol in some:
            if protocol in self.connections:
                self._look_at(protocol)
        if some:
            reactor.callLater(PAUSE_SECONDS, self._look_at_some, rest)
        else:
            reactor.callLater(LOOK_SECONDS, self.application_checker)

    def _look_at(self, protocol: Any) -> None:
        protocol.check_timeouts()
        details = self.connections.get(protocol, {})
        gone_since, application = details.get("disconnected"), details.get("application_instance")
        if gone_since is None or application is None or application.done():
            return
        if time.monotonic() - gone_since > self.application_close_timeout and not application.cancelling():
            log.warning("An application outlived its connection and is cancelled", extra={"connection": repr(protocol)})
            application.cancel()

    def _application_ended(self, protocol: Any, application: asyncio.Task[None]) -> None:
        self._looks.ended(application.get_loop())
        details = self.connections.get(protocol, {})
        if details.get("application_instance") is not application:
            return
        del details["application_instance"]
        if not application.cancelled() and (error := application.exception()) is not None:
            log.error("An application failed", exc_info=error)
            if "disconnected" not in details:
                protocol.handle_exception(error)
        self._forget_if_over(protocol)

    def _forget_if_over(self, protocol: Any) -> None:
        details = self.connections.get(protocol)
        if details is not None and "disconnected" in details and "application_instance" not in details:
            del self.connections[protocol]
