"""What requests and sockets leave is collected soon, however rarely Python itself would look, and never for long."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest

from project.garbage import SHARE, WORTH_IT, Looks
from tests.cast import Cast
from tests.live import Live


class Clock:
    """An event loop's, set forward by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.planned: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, call: Callable[..., None], *arguments: Any) -> None:
        self.planned.append((when, lambda: call(*arguments)))

    def go_on(self) -> float:
        """Go to the only moment that is planned; return how far away it was."""
        [(when, call)] = self.planned
        self.planned = []
        waited, self.now = when - self.now, when
        call()
        return waited


class Place:
    """Looks on a clock of their own; each takes `takes` seconds."""

    def __init__(self) -> None:
        self.clock: Any = Clock()
        self.takes = 0.0
        self.looked = 0
        self.looks = Looks(self._collect)

    def _collect(self) -> None:
        self.looked += 1
        self.clock.now += self.takes

    def ended(self, count: int) -> None:
        for _ in range(count):
            self.looks.ended(self.clock)


@pytest.fixture
def place() -> Place:
    return Place()


def test_after_enough_have_ended_everything_is_looked_at_once(place: Place) -> None:
    place.ended(WORTH_IT - 1)
    assert place.clock.planned == []
    place.ended(5)
    assert place.clock.go_on() == 0
    assert place.looked == 1
    place.ended(WORTH_IT - 1)
    assert place.clock.planned == [], "what was looked at does not count again"


def test_a_look_that_took_long_is_not_soon_followed_by_another(place: Place) -> None:
    place.takes = 0.1
    place.ended(WORTH_IT)
    place.clock.go_on()
    place.ended(10 * WORTH_IT)
    assert place.clock.go_on() == pytest.approx(SHARE * 0.1)
    place.takes = 0.002
    place.clock.now += 3600
    place.ended(WORTH_IT)
    assert place.clock.go_on() == 0, "an hour later it is long ago"
    place.ended(WORTH_IT)
    assert place.clock.go_on() == pytest.approx(SHARE * 0.002)


async def test_a_server_that_answers_pages_looks_at_everything(live: Live, cast: Cast) -> None:
    admin, olga = await live.http(cast.admin), await live.http(cast.olga)

    async def looks() -> float:
        said = (await olga.get("/metrics")).text
        return float(re.findall(r'^python_gc_collections_total\{generation="2"\} (\S+)$', said, re.M)[0])

    before = await looks()
    async with asyncio.timeout(60):
        while await looks() < before + 2:
            assert (await admin.get("/dashboard/students/")).status_code == 200
