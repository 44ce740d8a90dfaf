"""System checks of the channel layer: what it cannot do is said at start, not found out at night."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


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
                hint="Set CHANNEL_LAYERS['default']['BACKEND'] to feed.layer.HistoryChannelLayer.",
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
