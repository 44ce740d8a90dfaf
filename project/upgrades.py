"""Requests that become sockets, and sockets that end: nothing of them is left for the garbage collector.

Twisted's channel and its request refer to each other, and Daphne hands the connection on without parting them; autobahn
keeps a closed socket as the result of its own promise. So each connection left some fifty objects that only the
collector could find: at 500 connects a second its looks took a tenth of a second, and every ack waited for them.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from daphne.http_protocol import WebRequest
from django.conf import settings
from twisted.internet.address import IPv4Address, IPv6Address

from project.door import Door


class Request(WebRequest):  # type: ignore[misc]
    """Daphne's request; once a socket has taken its connection, its channel does not hold it any more."""

    def process(self) -> None:
        """Answer, or hand the connection on."""
        super().process()
        channel = getattr(self, "channel", None)  # gone once it was answered
        if self.transport is None and channel is not None:
            channel.requests.clear()


def take_requests(factory: Any) -> None:
    """Have Daphne's factory make these requests behind the door (project.door).

    Twisted does not parse their forms (project.request_bodies).
    """
    build = factory.buildProtocol

    def build_ours(address: Any) -> Any:
        channel = build(address)
        channel.requestFactory = partial(Request, parsePOSTFormSubmission=False)
        return channel

    def build_door(address: Any) -> Any:
        # Behind a proxy that is trusted the address stands in the request, and the socket reads it there.
        if settings.TRUST_FORWARDED_FOR or not isinstance(address, IPv4Address | IPv6Address):
            return build_ours(address)
        return Door(partial(build_ours, address), address.host)

    factory.buildProtocol = build_door
