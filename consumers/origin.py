"""Origin: a socket is opened by our own pages only. Browsers send cookies with any page's sockets, so this is what
CSRF tokens are for forms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

Application = Callable[[Any, Any, Any], Awaitable[Any]]

_DEFAULT_PORTS = {"http": 80, "https": 443}


class OwnOriginOnly:
    """Refuses, with HTTP 403, a socket whose Origin is missing or not ours.

    Ours is the address that the request itself came to (scheme, host and port compared, the host one of
    ALLOWED_HOSTS), or one of CSRF_TRUSTED_ORIGINS.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        """Pass on or refuse."""
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin1").lower()
        if not is_ours(origin, host=headers.get(b"host", b"").decode("latin1"), secure=_is_secure(scope, headers)):
            await receive()
            return await send({"type": "websocket.close"})
        return await self.application(scope, receive, send)


def is_ours(origin: str, *, host: str, secure: bool) -> bool:
    """Return whether `origin` is this site's: the address `host` it was reached at, or a trusted one."""
    given = _parts(origin)
    if given is None:
        return False
    name, _ = split_domain_port(host)
    own = _parts(f"{'https' if secure else 'http'}://{host}") if validate_host(name, _hosts()) else None
    return given == own or any(_trusts(pattern, given) for pattern in settings.CSRF_TRUSTED_ORIGINS)


def _hosts() -> list[str]:
    return list(settings.ALLOWED_HOSTS) or (["localhost", "127.0.0.1", "[::1]"] if settings.DEBUG else [])


def _is_secure(scope: Any, headers: dict[bytes, bytes]) -> bool:
    if settings.SECURE_PROXY_SSL_HEADER:
        name, value = settings.SECURE_PROXY_SSL_HEADER
        wire_name = name.removeprefix("HTTP_").replace("_", "-").lower().encode()
        return headers.get(wire_name, b"").decode("latin1").split(",")[0].strip() == value
    return scope.get("scheme") == "wss"


def _parts(origin: str) -> tuple[str, str, int] | None:
    try:
        address = urlsplit(origin)
        port = address.port
    except ValueError:
        return None
    if address.scheme not in _DEFAULT_PORTS or not address.hostname:
        return None
    return address.scheme, address.hostname, port or _DEFAULT_PORTS[address.scheme]


def _trusts(pattern: str, given: tuple[str, str, int]) -> bool:
    trusted = _parts(pattern.replace("*.", "", 1))
    if trusted is None:
        return False
    if "*." in pattern:
        return (given[0], given[2]) == (trusted[0], trusted[2]) and given[1].endswith("." + trusted[1])
    return given == trusted
