"""The address of the site that simulated students go to: this machine, and no other."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Address:
    """Where the site listens on this machine."""

    host: str
    port: int

    @property
    def authority(self) -> str:
        """Host and port as an address has them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """What a browser calls the site's origin."""
        return f"http://{self.authority.removesuffix(':80')}"


def parse_address(text: str) -> Address:
    """Return the address in `http://<this machine>[:<port>]`; raises ValueError, which says what is wrong."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", 80 if parts.port is None else parts.port
    except ValueError as error:
        raise ValueError(f"{text!r} is no address: {error}.") from error
    if parts.scheme != "http" or not host or not port or parts.path.strip("/") or parts.query or parts.username:
        raise ValueError(f"An address like http://127.0.0.1:8000 is expected; got {text!r}.")
    if not _is_here(host):
        raise ValueError(f"Simulated students only go to a site on this machine, such as 127.0.0.1; got {host!r}.")
    return Address(host, port)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
