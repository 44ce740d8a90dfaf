"""System checks of the sockets: who may open one, and how long one may be silent."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from consumers import codes

_ANY_HOST = {"*", "."}
_ANY_ORIGIN = {f"{scheme}://*{dot}" for scheme in ("http", "https") for dot in ("", ".")}


@register()
def check_origins(**_: Any) -> list[CheckMessage]:
    """Refuse wildcards that make every site one of ours."""
    wild = [host for host in settings.ALLOWED_HOSTS if host in _ANY_HOST]
    wild += [origin for origin in settings.CSRF_TRUSTED_ORIGINS if origin in _ANY_ORIGIN]
    if settings.DEBUG or not wild:
        return []
    return [
        Error(
            f"Every host name is taken for ours ({', '.join(wild)}): whatever site leads here may open sockets, and "
            "mails would carry its links.",
            hint="Name the hosts in ALLOWED_HOSTS, as in feed.example or .feed.example.",
            id="consumers.E001",
        )
    ]


@register()
def check_pings(**_: Any) -> list[CheckMessage]:
    """Refuse heartbeats that end sockets which are well."""
    found: list[CheckMessage] = []
    if codes.SILENCE_SECONDS < 2 * codes.PING_SECONDS:
        found.append(
            Error(
                f"One late answer ends a socket: {codes.SILENCE_SECONDS:g} s of silence are allowed, and a ping comes "
                f"each {codes.PING_SECONDS:g} s.",
                hint="Let SILENCE_SECONDS in consumers/codes.py be at least twice PING_SECONDS.",
                id="consumers.E002",
            )
        )
    if codes.DAPHNE_PING_TIMEOUT >= codes.DAPHNE_PING_SECONDS:
        found.append(
            Error(
                "Daphne sends the next ping before it gives up the one before, and so never finds a dead peer.",
                hint="Let DAPHNE_PING_TIMEOUT in consumers/codes.py be less than DAPHNE_PING_SECONDS; 0 leaves it to "
                "our own heartbeat.",
                id="consumers.E003",
            )
        )
    return found
