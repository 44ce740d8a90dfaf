"""The web server: Daphne with frame limits that answer, and an end that loses nothing.

`python -m project.server` listens on 127.0.0.1:PORT (HOST chooses another address; WEB_CONCURRENCY more processes).
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
import time
from typing import Any, cast

import daphne.server  # isort: skip  # noqa: F401 - before Django: it chooses Twisted's reactor
from django.conf import settings
from django.core.checks import run_checks
from twisted.internet import reactor

from project.asgi import application  # isort: skip - before our apps: it sets Django up
from consumers import codes, heartbeat
from project import draining, garbage, lifetime, outflow, request_bodies, upgrades, web_processes
from project.connections import TendingServer
from project.socket_protocol import SocketProtocol, Taking, offer_wire

log = logging.getLogger(__name__)

DRAIN_SECONDS = 20.0
"""How long sockets and requests may take to end after SIGTERM; the supervisor waits longer than that."""

CLOSED_AT_A_TIME = 250
"""Sockets closed between two looks at what else there is to do: 5,000 a second, who do not all come back at once."""


class DrainingServer(TendingServer):
    """Daphne, which of itself sends no close frame at SIGTERM and runs no `disconnect`.

    At SIGTERM or SIGINT: not ready any more, no new connections, every socket closed with 1012 so that its client
    comes back (elsewhere), requests and commits under way finished, then connections let go.
    """

    def __init__(self, application: Any, **options: Any) -> None:
        super().__init__(Taking(request_bodies.Pieces(application)), **{**options, "signal_handlers": False})
        self.ports: list[Any] = []
        self.failed = False

    def run(self) -> None:
        """Listen until asked to end."""
        reactor.callWhenRunning(self._begin)
        super().run()

    def _begin(self) -> None:
        # autobahn drops the TCP connection by default when it fails one, and the client sees 1006: an over-long frame
        # must be answered with 1009, or its sender would send it again for ever.
        # (The call forgets allowNullOrigin, so it is said again: our own check answers "null" with 403.)
        self.ws_factory.setProtocolOptions(failByDrop=False, allowNullOrigin=True)
        SocketProtocol.take_options(self.ws_factory)
        self.ws_factory.protocol = SocketProtocol
        upgrades.take_requests(self.http_factory)
        garbage.leave_the_program_alone()
        loop = asyncio.get_event_loop()
        self._beginning = loop.create_task(lifetime.begin())
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self._drain_once)

    def _drain_once(self) -> None:
        if not draining.begun():
            draining.begin()
            self._draining = asyncio.get_event_loop().create_task(self._drain())

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Begin to answer a request or a socket."""
        if scope["type"] == "http":
            request_bodies.keep_back(protocol, scope)
        else:
            offer_wire(protocol, scope)
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Send what an application says; of an answer in pieces, each once the one before is taken."""
        if message["type"] != "http.response.body":
            await super().handle_reply(protocol, message)
            return
        is_last = not message.get("more_body", False)
        outflow.before_piece(protocol, is_last=is_last)
        await super().handle_reply(protocol, message)
        await outflow.after_piece(protocol, is_last=is_last)

    def listen_success(self, port: Any) -> Any:
        """Keep the port, which Daphne drops, so that it can be closed."""
        super().listen_success(port)
        self.ports.append(port)
        return port

    def listen_error(self, failure: Any) -> None:
        """Say why and end: a server that listens nowhere must not look alive."""
        super().listen_error(failure)
        self.failed = True

    async def _drain(self) -> None:
        log.warning("Draining", extra={"connections": len(self.connections)})
        try:
            for port in self.ports:
                port.stopListening()
            await self._until_quiet()
            await lifetime.end()
        except Exception:
            log.exception("Draining failed; ending all the same")
        log.warning("Drained", extra={"left": self._busy()})
        self.stop()

    async def _until_quiet(self) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + DRAIN_SECONDS
        while True:
            # Again and again: a handshake that was under way when the port closed opens a socket still.
            for socket in heartbeat.open_sockets()[:CLOSED_AT_A_TIME]:
                await socket.close(codes.RESTART)
            if not self._busy() or loop.time() >= deadline:
                return
            await asyncio.sleep(0.05)

    def _busy(self) -> int:
        applications = (details.get("application_instance") for details in self.connections.values())
        return sum(1 for application in applications if application is not None and not application.done())


def main() -> None:
    """Check the configuration, then serve until SIGTERM or SIGINT, in as many processes as WEB_CONCURRENCY says."""
    parser = argparse.ArgumentParser(prog="python -m project.server", description=__doc__)
    parser.add_argument("--fd", type=int, help="serve on this inherited listening socket")
    listening: int | None = parser.parse_args().fd
    wrong = [each for each in run_checks() if each.is_serious() and not each.is_silenced()]
    if wrong:
        sys.exit("\n".join(str(each) for each in wrong))
    if settings.WEB_CONCURRENCY > 1 and listening is None:
        sys.exit(web_processes.serve(settings.WEB_CONCURRENCY, host=settings.HOST, port=settings.PORT))
    _serve(
        f"fd:fileno={listening}"
        if listening is not None
        else f"tcp:port={settings.PORT}:interface={settings.HOST}:backlog={web_processes.BACKLOG}"
    )


def take_steady_clock() -> None:
    """Have the reactor's timers follow a clock that nobody sets, as asyncio's do.

    Twisted takes the wall clock. Where that is set back by an hour, a timer that was set before comes an hour late:
    Daphne's look for applications that have ended, and connections that say nothing.
    """
    cast(Any, reactor).seconds = time.monotonic


def _serve(endpoint: str) -> None:
    take_steady_clock()
    server = DrainingServer(
        application,
        endpoints=[endpoint],
        websocket_timeout=-1,
        ping_interval=codes.DAPHNE_PING_SECONDS,
        ping_timeout=codes.DAPHNE_PING_TIMEOUT,
        proxy_forwarded_address_header="X-Forwarded-For" if settings.TRUST_FORWARDED_FOR else None,
    )
    server.run()
    if server.failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
