"""What is dear to read and moves slowly is read once for a while by each process, course by course."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Generic, TypeVar

from feed.single_flight import once

Fact = TypeVar("Fact")


class Remembered(Generic[Fact]):
    """Facts about courses, each read anew once it is `seconds` old; `read` gets the courses that are missing."""

    def __init__(self, read: Callable[[Collection[int]], Mapping[int, Fact]], *, seconds: float) -> None:
        self._read = read
        self._seconds = seconds
        self._known: dict[int, tuple[float, Fact | None]] = {}
        self._lock = threading.Lock()

    def of(self, courses: Collection[int]) -> list[Fact]:
        """The facts of these courses; a course of which there is nothing to say has none."""
        now = time.monotonic()
        with self._lock:
            old = sorted(each for each in courses if now - self._read_at(each) >= self._seconds)
        if old:
            # Pages ask at the same moment, after the same frame: one of them reads.
            found = once((self, tuple(old)), lambda: self._read(old))
            with self._lock:
                self._known.update({each: (now, found.get(each)) for each in old})
        with self._lock:
            known = [self._known.get(each, (0.0, None))[1] for each in courses]
        return [fact for fact in known if fact is not None]

    def _read_at(self, course: int) -> float:
        return self._known.get(course, (float("-inf"), None))[0]

    def forget(self) -> None:
        """Read everything anew."""
        with self._lock:
            self._known.clear()
