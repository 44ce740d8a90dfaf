"""Stock Channels: one `group_send` for each entry, over the layer that the address names (`core:` or `pubsub:`)."""

from typing import Any

from tests.bench.publishing import Publish
from tests.bench.servers.channels_settings import GROUP, configure


async def connected(address: str) -> Publish:
    """Publish over this layer."""
    configure(address)
    from channels.layers import get_channel_layer

    layer = get_channel_layer()
    assert layer is not None

    async def post(batch: list[dict[str, Any]]) -> None:
        for entry in batch:
            await layer.group_send(GROUP, {"type": "feed.entry", "entry": entry})

    return post
