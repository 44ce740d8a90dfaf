"""What one socket, one person and one address may have of a process (docs/protocol.md, "Limits"); 0 means no limit.

Counted in each web process for itself: a limit must hold whatever becomes of Redis, and a person who is spread over
several processes takes from each only what that one can bear.
"""

from __future__ import annotations

import asyncio
import weakref
from collections import Counter
from dataclasses import dataclass, field
from typing import TypeVar

from django.conf import settings

Key = TypeVar("Key")

TICKS_BURST = 60
"""Ticks that a socket may send at once: what a player has kept while it was offline comes in such a burst."""

PENALTY_SECONDS = 1.0
"""How long whoever sent too many ticks waits on the next socket before anything is taken of it."""

MOST_REMEMBERED = 10_000
"""Addresses whose connects, and people whose excess, are remembered; those who may have all again are forgotten."""


COUNTED = "feed.counted"
"""The scope's key by which a server says that it has asked `may_connect` for this socket already."""


class Bucket:
    """Allows `rate` a second in the long run, and `burst` at once."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at = burst, now

    def take(self, now: float) -> bool:
        """Take one, where one is left."""
        self._fill(now)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def is_full(self, now: float) -> bool:
        """Whether nothing was taken lately, so that forgetting it changes nothing."""
        self._fill(now)
        return self._left >= self._burst

    def _fill(self, now: float) -> None:
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now


@dataclass(slots=True)
class Sockets:
    """The sockets of one process, by person and by address."""

    of_person: Counter[int] = field(default_factory=Counter)
    of_address: Counter[str] = field(default_factory=Counter)
    _connects: dict[str, Bucket] = field(default_factory=dict)
    _spent: dict[int, Bucket] = field(default_factory=dict)

    def may_connect(self, address: str, now: float) -> bool:
        """Whether this address opens sockets no faster than LIMIT_CONNECTS_PER_SECOND; `now` is time.monotonic's."""
        rate = settings.LIMIT_CONNECTS_PER_SECOND
        if not rate:
            return True
        bucket = self._connects.get(address)
        if bucket is None:
            self._connects = _remembered(self._connects, now)
            bucket = self._connects[address] = Bucket(rate, rate, now)
        return bucket.take(now)

    def enter_address(self, address: str) -> bool:
        """Count a socket of this address; False where it has as many as LIMIT_SOCKETS_PER_ADDRESS allows."""
        return _enter(self.of_address, address, settings.LIMIT_SOCKETS_PER_ADDRESS)

    def leave_address(self, address: str) -> None:
        """Count one less."""
        _leave(self.of_address, address)

    def enter_person(self, person_id: int) -> bool:
        """Count a socket of this person; False where they have as many as LIMIT_SOCKETS_PER_PERSON allows."""
        return _enter(self.of_person, person_id, settings.LIMIT_SOCKETS_PER_PERSON)

    def leave_person(self, person_id: int) -> None:
        """Count one less."""
        _leave(self.of_person, person_id)

    def overspent(self, person_id: int, ticks: Bucket, now: float) -> None:
        """Remember that this person has sent more than `ticks` allows: another socket is no way around it."""
        self._spent = _remembered(self._spent, now)
        self._spent[person_id] = ticks

    def spent(self, person_id: int, now: float) -> Bucket | None:
        """What is left to a person who has overspent; None for everybody else, and once they may have all again."""
        ticks = self._spent.get(person_id)
        if ticks is not None and ticks.is_full(now):
            del self._spent[person_id]
            return None
        return ticks


def _remembered(buckets: dict[Key, Bucket], now: float) -> dict[Key, Bucket]:
    if len(buckets) < MOST_REMEMBERED:
        return buckets
    return {key: each for key, each in buckets.items() if not each.is_full(now)}


def _enter(counts: Counter[Key], key: Key, limit: int) -> bool:
    if limit and counts[key] >= limit:
        return False
    counts[key] += 1
    return True


def _leave(counts: Counter[Key], key: Key) -> None:
    counts[key] -= 1
    if counts[key] <= 0:
        del counts[key]


_sockets: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Sockets] = weakref.WeakKeyDictionary()


def sockets() -> Sockets:
    """Those of the running loop, which is a web process's only one."""
    return _sockets.setdefault(asyncio.get_running_loop(), Sockets())


def ticks(now: float) -> Bucket | None:
    """What a new progress socket may send; None for all it likes."""
    rate = settings.LIMIT_TICKS_PER_SECOND
    return Bucket(rate, TICKS_BURST, now) if rate else None
