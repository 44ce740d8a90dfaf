"""The channel layer: channels_redis' pub/sub layer with a history behind each group.

What the histories' scripts publish is what the stock layer's `receive` reads, so that consumers, `group_add` and
`group_send` work as documented by Channels. `get_channel_layer().histories` appends, tells positions and replays.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer, RedisPubSubLoopLayer
from channels_redis.utils import _wrap_close, create_pool, decode_hosts
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from feed.history import Histories

# One more try covers a connection that died while it lay in the pool. More would hold a batch that the outbox can
# deliver later.
_RETRY = Retry(NoBackoff(), 1)


_MOST_CONNECTIONS = 16
_WAIT_SECONDS = 3


def _pool(host: dict[str, Any]) -> ConnectionPool:
    options = {**host, "retry": _RETRY}
    if "address" not in options:  # Sentinel
        return cast(ConnectionPool, create_pool(options))
    # A storm of subscriptions waits for a connection; redis-py's plain pool would fail what exceeds it.
    address = options.pop("address")
    limits = {"max_connections": _MOST_CONNECTIONS, "timeout": _WAIT_SECONDS}
    return BlockingConnectionPool.from_url(address, **limits, **options)


class HistoryLoopLayer(RedisPubSubLoopLayer):  # type: ignore[misc]
    """One event loop's share of the layer: the stock one, and a connection pool for the histories' scripts."""

    def __init__(self, hosts: Any = None, prefix: str = "asgi", **options: Any) -> None:
        # redis-py would say its name with CLIENT SETINFO, which Redis knows since 7.2: an older one takes no ACL that
        # allows it, and a newer one logs each as refused where it is not allowed.
        known = [{"driver_info": None, **host} for host in decode_hosts(hosts)]
        super().__init__(hosts=known, prefix=prefix, **options)
        self.client = Redis(connection_pool=_pool(known[0]))
        """The connections for scripts, for whoever keeps something beside the histories."""
        self.histories = Histories(self.client, prefix=prefix)

    async def flush(self) -> None:
        """Close this loop's connections; histories stay."""
        await super().flush()
        await self.client.aclose(close_connection_pool=True)


class HistoryChannelLayer(RedisPubSubChannelLayer):  # type: ignore[misc]
    """The pub/sub layer with `histories` (feed.checks refuses the options it cannot have)."""

    def _get_layer(self) -> HistoryLoopLayer:
        # As the stock layer does, with our class: it has no hook for that.
        loop = asyncio.get_running_loop()
        if loop not in self._layers:
            self._layers[loop] = HistoryLoopLayer(*self._args, **self._kwargs, channel_layer=self)
            _wrap_close(self, loop)
        return cast(HistoryLoopLayer, self._layers[loop])


def histories() -> Histories:
    """The histories, over the running loop's connections."""
    return cast(HistoryLoopLayer, get_channel_layer()).histories


def loop_layer() -> HistoryLoopLayer:
    """The running loop's layer."""
    return cast(HistoryChannelLayer, get_channel_layer())._get_layer()
