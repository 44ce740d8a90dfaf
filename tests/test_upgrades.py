"""A connection that became a socket and ended leaves nothing for the garbage collector."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest
from daphne.http_protocol import HTTPFactory
from daphne.server import Server
from daphne.ws_protocol import WebSocketFactory
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from project import upgrades
from project.socket_protocol import SocketProtocol
from tests.bench import wire


class Nobody(Server):  # type: ignore[misc]
    """A server whose applications hear everything and say nothing."""

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """What an application hears comes here."""
        return asyncio.Queue()


@pytest.fixture
def factory() -> Any:
    server = Nobody(application=None, endpoints=["tcp:0"])
    server.connections = {}
    server.http_factory = HTTPFactory(server)
    server.ws_factory = WebSocketFactory(server, server="Daphne")
    SocketProtocol.take_options(server.ws_factory)
    server.ws_factory.protocol = SocketProtocol
    upgrades.take_requests(server.http_factory)
    return server.http_factory


def test_a_socket_that_ended_is_gone_without_the_collector(factory: Any) -> None:
    gc.collect()
    gc.disable()
    try:
        transport = StringTransport()
        generic = factory.buildProtocol(("127.0.0.1", 1))
        channel = generic._channel
        transport.protocol = generic
        generic.makeConnection(transport)
        request = channel.requests
        generic.dataReceived(wire.handshake("127.0.0.1", 80, "/ws/feed/", {"Origin": "http://127.0.0.1"}))
        socket = transport.protocol
        assert isinstance(socket, SocketProtocol)
        assert request == []
        socket.serverAccept(None)
        assert wire.is_accepted(transport.value())
        seen = weakref.ref(socket), weakref.ref(channel)
        # As Twisted's own transports do before they say that the connection is lost.
        transport.protocol = transport.producer = None
        socket.connectionLost(Failure(ConnectionDone()))
        factory.server.connections.clear()
        del socket, generic, channel, request, transport
        assert [each() for each in seen] == [None, None]
    finally:
        gc.enable()
