"""Garbage collection in a web process: short pauses, however many sockets are open.

Python looks for cycles among all objects that live long whenever a quarter as many have been added. Those of the
program itself, some hundred thousand, never become garbage; looking at them again and again delays every entry that is
on its way meanwhile.

But what serves a request refers to itself in circles (Django's request, its database wrapper, Twisted's request), and
a part of it lives longer than the looks at the youngest are apart. A page makes three hundred such objects, 180 KB,
a socket fifty; of 250 pages 5 MB stayed among those that live long, of 250 calls of the API 8. Python would look there
after five million; `Looks` looks as soon as it is worth it.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

YOUNG = 2_000
"""Objects made and not yet freed before the youngest are looked at: a look takes one millisecond. With 20,000 it took
fifteen while sockets came and went, and each was seen in the 99th percentile of the acks."""

MIDDLE = 3
"""Looks at the youngest between two at those that have survived one: 8,000 objects at most, some 4 ms. With 50,000 it
took 10 to 35, once or twice a second under a flood."""

OLD = 800
"""Looks at those between two at everything, as rare as five million objects that stay: Python counts sockets that came
and went as if they had stayed. `Looks` looks long before."""

WORTH_IT = 20
"""Requests and sockets that have ended since the last look at everything: at most 4 MB that are garbage."""

SHARE = 500
"""A look at everything takes at most one part in so many of the time: with few sockets it takes 5 ms, and then comes no
sooner than 2.5 s later."""


def leave_the_program_alone() -> None:
    """Never look again at what there is by now; call it when everything is loaded and nobody is connected yet."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)


class Looks:
    """Looks at everything: soon after enough requests and sockets have ended, and seldom where it takes long."""

    def __init__(self, collect: Callable[[], object] = gc.collect) -> None:
        self._collect = collect
        self._ended = 0
        self._not_before = 0.0
        self._is_planned = False

    def ended(self, loop: asyncio.AbstractEventLoop) -> None:
        """A request was answered, or a socket has ended, on this loop; call it there."""
        self._ended += 1
        if self._ended >= WORTH_IT and not self._is_planned:
            self._is_planned = True
            loop.call_at(max(loop.time(), self._not_before), self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._ended, self._is_planned = 0, False
        began = loop.time()
        self._collect()
        now = loop.time()
        self._not_before = now + SHARE * (now - began)
