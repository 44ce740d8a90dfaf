"""Headers that tell browsers what they may do with an answer: on each of ours, also where something went wrong.

Our own pages are under the policy of the settings (`CONTENT_SECURITY_POLICY`). Two places have pages that are not ours,
and a policy of their own, as strict as these bear (docs/adr/0014-what-browsers-may-do.md).
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, cast

from csp.constants import NONE, SELF
from csp.middleware import CSPMiddleware, PolicyParts
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.response import HttpResponseBase

# No require-trusted-types-for in either: jQuery and Swagger UI write markup.
ADMIN_SITE: dict[str, Any] = {
    "default-src": [NONE],
    "script-src": [SELF],
    "style-src": [SELF],
    "img-src": [SELF],
    "connect-src": [SELF],
    "form-action": [SELF],
    "base-uri": [NONE],
    "frame-ancestors": [NONE],
}
API_DOCS: dict[str, Any] = {**ADMIN_SITE, "img-src": [SELF, "data:"]}

POLICIES = {"admin": ADMIN_SITE, "api:openapi-view": API_DOCS}
"""Policies of pages that are not ours, by the namespace or the name of their address."""

_NEVER_USED = (
    "accelerometer",
    "bluetooth",
    "browsing-topics",
    "camera",
    "clipboard-read",
    "display-capture",
    "encrypted-media",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "idle-detection",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "otp-credentials",
    "payment",
    "publickey-credentials-create",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "storage-access",
    "usb",
    "web-share",
    "window-management",
    "xr-spatial-tracking",
)
_OF_PLAYERS = ("autoplay", "fullscreen", "picture-in-picture")

NOTHING = ", ".join(f"{feature}=()" for feature in (*_NEVER_USED, *_OF_PLAYERS))
PLAYER = ", ".join([*(f"{feature}=()" for feature in _NEVER_USED), *(f"{feature}=(self)" for feature in _OF_PLAYERS)])
"""What the page with the video may use beside."""


class Headers(CSPMiddleware):
    """Middleware that stands before all others that may answer: what they say by themselves carries these headers too.

    Who says nothing about keeping an answer does not want it kept: nearly every one has people's names in it, and
    computers in schools have many users.
    """

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer. As inherited, it would go to another thread and back twice, for what takes no time."""
        self.process_request(request)
        return self.process_response(request, await cast(Awaitable[HttpResponseBase], self.get_response(request)))

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Add the headers."""
        super().process_response(request, response)
        view = request.resolver_match.view_name if request.resolver_match else ""
        response.headers.setdefault("Permissions-Policy", PLAYER if view == "lesson" else NOTHING)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")  # a refused host gets no further than here
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """The policy of the place, and in ours the address of the page's own sockets."""
        parts = super().get_policy_parts(request, response, report_only)
        place = request.resolver_match
        if place and (found := POLICIES.get(place.namespace) or POLICIES.get(place.view_name)):
            parts.config = found
        elif socket := _socket_address(request):
            parts.update = {**(parts.update or {}), "connect-src": [socket]}
        return parts


def _socket_address(request: HttpRequest) -> str:
    """Where the page opens its sockets. 'self' says that too, but not to Safari before 16 (w3c/webappsec-csp#7)."""
    try:
        return f"{'wss' if request.is_secure() else 'ws'}://{request.get_host()}"
    except DisallowedHost:
        return ""
