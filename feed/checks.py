"""System checks of the channel layer: what it cannot do is said at start, not found out at night."""

from __future__ import annotations

from typing import Any

from channels_redis.utils import decode_hosts
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import parse_url
from redis.exceptions import RedisError

PATIENCE_SECONDS = 5.0
"""How long one call to a Redis that hangs may take, to connect and to answer: as long as a student waits for an ack
without noticing."""

_LOSES = {
    "channels.layers.InMemoryChannelLayer": "It stays inside one process: pages on another one, and the worker's "
    "deliveries, are never heard.",
    "channels_redis.core.RedisChannelLayer": "It drops what comes when 100 messages wait, with a line in the log.",
    "channels_redis.pubsub.RedisPubSubChannelLayer": "What is sent while Redis reconnects is lost in silence.",
}


@register()
def check_layer(**_: Any) -> list[CheckMessage]:
    """Refuse a default layer without histories, and options that its scripts cannot honour."""
    layer = settings.CHANNEL_LAYERS.get("default", {})
    options = layer.get("CONFIG", {})
    found: list[CheckMessage] = []
    if layer.get("BACKEND") != "feed.layer.HistoryChannelLayer":
        found.append(
            Error(
                "The default channel layer keeps no histories.",
                hint=" ".join(
                    [
                        *filter(None, [_LOSES.get(layer.get("BACKEND", ""))]),
                        "Set CHANNEL_LAYERS['default']['BACKEND'] to feed.layer.HistoryChannelLayer.",
                    ]
                ),
                id="feed.E001",
            )
        )
    if options.get("symmetric_encryption_keys"):
        found.append(
            Error(
                "The channel layer cannot encrypt: its messages are packed inside Redis.",
                hint="Remove symmetric_encryption_keys and use TLS to Redis (rediss://).",
                id="feed.E002",
            )
        )
    if len(options.get("hosts") or []) > 1:
        found.append(
            Error(
                "The channel layer works on one Redis: offset, append and publish happen in one script.",
                hint="Give one address; Sentinel may stand behind it.",
                id="feed.E003",
            )
        )
    if options.get("serializer_format", "msgpack") != "msgpack":
        found.append(Error("The channel layer speaks msgpack only.", hint="Remove serializer_format.", id="feed.E004"))
    return found


@register()
def check_redis(**_: Any) -> list[CheckMessage]:
    """Refuse an address that redis-py cannot use, and a patience that a student would notice."""
    layer = settings.CHANNEL_LAYERS.get("default", {})
    found: list[CheckMessage] = []
    for host in decode_hosts(layer.get("CONFIG", {}).get("hosts")):
        if why := _unusable(host):
            found.append(
                Error(
                    f"Redis cannot be reached by its address: {why}.",
                    hint="Correct REDIS_URL; its options are those of redis-py, ssl_… for rediss:// alone.",
                    id="feed.E006",
                )
            )
            continue
        connecting, answering = (options_of(host).get(name) for name in ("socket_connect_timeout", "socket_timeout"))
        if not connecting or not answering or connecting + answering > PATIENCE_SECONDS:
            found.append(
                Error(
                    "A Redis that hangs is waited for: socket_connect_timeout and socket_timeout must be set, and "
                    f"together be at most {PATIENCE_SECONDS:g} s; they are {connecting} and {answering}.",
                    hint="Set both in the hosts of CHANNEL_LAYERS; options in REDIS_URL win over those.",
                    id="feed.E005",
                )
            )
    return found


def options_of(host: dict[str, Any]) -> dict[str, Any]:
    """Return how redis-py is told to connect: what the address says wins over what stands beside it."""
    beside = {name: value for name, value in host.items() if name != "address"}
    return {**beside, **parse_url(host["address"])} if "address" in host else beside


def _unusable(host: dict[str, Any]) -> str:
    """Say why no connection can even be prepared, without the address: it may hold a password."""
    if "address" not in host:
        return ""
    beside = {name: value for name, value in host.items() if name != "address"}
    try:
        pool: Any = ConnectionPool.from_url(host["address"], **beside)
        connection = pool.make_connection()
        if context := getattr(connection, "ssl_context", None):
            context.get()  # reads the certificates
    except ValueError:
        return "it is malformed"
    except (TypeError, RedisError) as error:
        return str(error).rpartition("() ")[2].rstrip(".")
    except OSError as error:  # ssl.SSLError is one
        return f"a certificate cannot be read ({error.strerror or error})"
    return ""
