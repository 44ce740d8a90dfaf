"""The sockets' addresses."""

from typing import Any, cast

from django.urls import path

from consumers.feed import FeedConsumer
from consumers.ops.socket import OpsConsumer
from consumers.progress import ProgressConsumer

# channels' routers take ASGI applications where Django's types know views only.
websocket_urlpatterns: list[Any] = [
    path("ws/feed/", cast(Any, FeedConsumer.as_asgi())),
    path("ws/ops/", cast(Any, OpsConsumer.as_asgi())),
    path("ws/lessons/<int:lesson_id>/progress/", cast(Any, ProgressConsumer.as_asgi())),
]
