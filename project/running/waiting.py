"""Waiting: for a condition, never for a time."""

import time
from collections.abc import Callable


def eventually(condition: Callable[[], bool], within: float) -> bool:
    """Wait until the condition holds, at most `within` seconds; return whether it did."""
    limit = time.monotonic() + within
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(0.02)
    return True
