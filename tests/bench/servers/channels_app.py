"""A stock Channels application, as its tutorial has it: a group, a consumer, a message for each entry."""

import os
from typing import Any

import django

from tests.bench.servers.channels_settings import GROUP, configure

configure(os.environ["BENCH_LAYER"])
django.setup()

from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402 - once Django is set up
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402


class Feed(AsyncJsonWebsocketConsumer):
    """A viewer. Nobody is asked who they are, which spares it two queries that ours makes."""

    async def connect(self) -> None:
        """Join the group."""
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        """Leave the group."""
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def feed_entry(self, event: dict[str, Any]) -> None:
        """Send an entry."""
        await self.send_json(event["entry"])


application = ProtocolTypeRouter({"websocket": URLRouter([path("feed/", Feed.as_asgi())])})  # type: ignore[arg-type, list-item]
