"""The ASGI application: pages and API to Django, sockets to the consumers."""

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
http = get_asgi_application()

from consumers.origin import OwnOriginOnly  # noqa: E402 - models can be imported only once Django is set up
from consumers.routing import websocket_urlpatterns  # noqa: E402
from project import lifetime  # noqa: E402


async def no_such_socket(scope: Any, receive: Any, send: Any) -> None:
    """Refuse a socket at an address that has none, with HTTP 403 as any other refusal of a handshake."""
    await receive()
    await send({"type": "websocket.close"})


sockets = URLRouter([*websocket_urlpatterns])


async def known_sockets(scope: Any, receive: Any, send: Any) -> Any:
    """Route to a consumer; the router raises for an address it does not know, which would be a logged error."""
    try:
        return await sockets(scope, receive, send)
    except ValueError as error:
        if "No route found" not in str(error):
            raise
        return await no_such_socket(scope, receive, send)


application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": OwnOriginOnly(known_sockets),
        "lifespan": lifetime.lifespan,
    }
)
