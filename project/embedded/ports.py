"""Ports of 127.0.0.1: which of them a server could have."""

import socket

PORTS = range(20000, 32000)  # below the range from which the kernel takes ports for outgoing connections


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: closed connections do not count
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
