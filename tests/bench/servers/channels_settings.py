"""Settings of a stock Channels project: a channel layer, and nothing else."""

from django.conf import settings

GROUP = "feed"


def configure(address: str) -> None:
    """Choose the layer: `core:<redis url>` or `pubsub:<redis url>`."""
    kind, _, url = address.partition(":")
    # redis-py 8 gives up a read after 5 s, which ends the stock layers' receiving (channels_redis #422).
    config: dict[str, object] = {"hosts": [{"address": url, "socket_timeout": None}], "prefix": f"bench-{kind}"}
    if kind == "core":
        # By default it drops what exceeds 100 messages a process, and what waits for more than a minute.
        config.update(capacity=100_000, expiry=600)
    backend = {"core": "core.RedisChannelLayer", "pubsub": "pubsub.RedisPubSubChannelLayer"}[kind]
    settings.configure(
        SECRET_KEY="for the bench only",
        CHANNEL_LAYERS={"default": {"BACKEND": f"channels_redis.{backend}", "CONFIG": config}},
    )
