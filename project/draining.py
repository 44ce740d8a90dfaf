"""Draining: whether this process has been asked to end and takes nothing new."""

import threading

_begun = threading.Event()


def begin() -> None:
    """From now on this process is not ready."""
    _begun.set()


def begun() -> bool:
    """Whether it has been asked to end."""
    return _begun.is_set()
