"""System checks of what the network can see: the key, DEBUG, the proxy, and the ways to the services."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterable
from typing import Any

from channels_redis.utils import decode_hosts
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from feed.checks import options_of

_KEY_CHARACTERS = 50
_KEY_DIFFERENT = 5


@register()
def check_key(**_: Any) -> list[CheckMessage]:
    """Refuse a key that can be guessed: Django warns of it where it is asked (`check --deploy`), and starts."""
    key = str(settings.SECRET_KEY)
    long_enough = len(key) >= _KEY_CHARACTERS and len(set(key)) >= _KEY_DIFFERENT
    if settings.DEBUG or (long_enough and not key.startswith("django-insecure-")):
        return []
    return [
        Error(
            "SECRET_KEY can be guessed, and whoever does signs in as anybody.",
            hint=f"Set {_KEY_CHARACTERS} random characters or more, as in: "
            "python -c 'import secrets; print(secrets.token_urlsafe(64))'. Everybody signs in anew after that.",
            id="project.E003",
        )
    ]


@register()
def check_debug(**_: Any) -> list[CheckMessage]:
    """Refuse DEBUG where others may come: its error pages show code and settings, and the demo's password is known."""
    seen_as = [*_not_local([settings.HOST]), *_not_local(settings.ALLOWED_HOSTS)]
    if not settings.DEBUG or settings.DEBUG_IN_PUBLIC or not seen_as:
        return []
    return [
        Error(
            f"DEBUG is on, and others may come: {', '.join(seen_as)}.",
            hint="Turn DEBUG off, or leave HOST and ALLOWED_HOSTS to this machine. Where everybody on the network may "
            "see code and settings, DEBUG_IN_PUBLIC=true permits it.",
            id="project.E004",
        )
    ]


@register()
def check_issuer(**_: Any) -> list[CheckMessage]:
    """Warn where an outside issuer would be asked by nobody in particular."""
    if settings.CERTIFICATE_ISSUER == "local" or settings.CERTIFICATE_ISSUER_TOKEN:
        return []
    return [
        Warning(
            "The outside issuer of certificates is asked without a token.",
            hint="Set CERTIFICATE_ISSUER_TOKEN. An issuer that answers 401 is asked again and again, in vain.",
            id="project.W002",
        )
    ]


@register()
def check_proxy(**_: Any) -> list[CheckMessage]:
    """Warn where one proxy is believed half: web speaks plain HTTP, so every page would redirect to itself."""
    believed = settings.SECURE_PROXY_SSL_HEADER or not settings.SECURE_SSL_REDIRECT
    if believed or not settings.TRUST_FORWARDED_FOR:
        return []
    return [
        Warning(
            "The proxy is believed whom it brings, and not that they came by HTTPS: every page redirects to itself.",
            hint="Set TRUST_FORWARDED_PROTO=true, with a proxy that sets X-Forwarded-Proto anew.",
            id="project.W003",
        )
    ]


@register(Tags.security, deploy=True)
def check_way_to_redis(**_: Any) -> list[CheckMessage]:
    """Warn where entries with names, and who may see them, go over a network that anybody may be on."""
    found: list[CheckMessage] = []
    for host in decode_hosts(settings.CHANNEL_LAYERS["default"].get("CONFIG", {}).get("hosts")):
        try:
            options = options_of(host)
        except ValueError:  # feed.E006 says it
            continue
        if not _not_local([str(options.get("host", "localhost"))]):
            continue
        if not options.get("password"):
            found.append(
                Warning(
                    "Redis on another machine asks for no password.",
                    hint="Give it the ACL of docs/operations.md, and the user and password in REDIS_URL.",
                    id="project.W004",
                )
            )
        if "ssl" not in getattr(options.get("connection_class"), "__name__", "").lower() or _unverified(options):
            found.append(
                Warning(
                    "The way to Redis on another machine is in clear, or nobody looks who answers there.",
                    hint="Use rediss:// with ssl_ca_certs, without ssl_cert_reqs=none and ssl_check_hostname=false.",
                    id="project.W005",
                )
            )
    return found


@register(Tags.security, deploy=True)
def check_way_to_database(**_: Any) -> list[CheckMessage]:
    """Warn where the database on another machine may be spoken to in clear: libpq's default leaves it to the server."""
    database = settings.DATABASES["default"]
    mode = database.get("OPTIONS", {}).get("sslmode")
    if mode in {"require", "verify-ca", "verify-full"} or not _not_local([database.get("HOST") or "localhost"]):
        return []
    return [
        Warning(
            "The way to the database on another machine may be in clear.",
            hint="Add ?sslmode=verify-full&sslrootcert=/path/to/ca.pem to DATABASE_URL.",
            id="project.W006",
        )
    ]


def _unverified(options: dict[str, Any]) -> bool:
    return options.get("ssl_cert_reqs") in {"none", ssl.CERT_NONE} or options.get("ssl_check_hostname") is False


def _not_local(names: Iterable[str]) -> list[str]:
    """Those of the names and addresses that others than this machine may be, or may come by."""
    return [name for name in names if not _is_local(name)]


def _is_local(name: str) -> bool:
    if name.startswith("/"):  # the folder of a Unix socket
        return True
    bare = name.strip("[]").lower().rstrip(".")
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return bare == "localhost" or bare.endswith(".localhost")
