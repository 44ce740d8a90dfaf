"""A scenario: what is done to a class at work, and how its sockets may end by it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

from tests.chaos.world import World
from tests.faults import Class


@dataclass
class Case:
    """One run of a scenario: where, on whom, by what chance, and what was counted."""

    world: World
    at_work: Class
    dice: Random
    counts: Counter[str] = field(default_factory=Counter)

    async def some_time(self, least: float, most: float) -> float:
        """Let the class work for a while that the dice choose; return it."""
        seconds = self.dice.uniform(least, most)
        await asyncio.sleep(seconds)
        return seconds

    def web(self) -> str:
        """One of the web processes."""
        return self.dice.choice(("web0", "web1"))


Doing = Callable[[Case], Awaitable[None]]


@dataclass(frozen=True)
class Scenario:
    """What is done, in words and as a function; what the class is like; and how sockets may be closed by it."""

    name: str
    what: str
    do: Doing
    ground: str = "plain"
    """On what it takes place: tests.chaos.servers."""
    closes: frozenset[int] = frozenset()
    """Close codes that may come, no others; none where nobody may lose a socket."""
    must_close: bool = True
    """Whether they must come."""
    forgets: bool = False
    """Whether Redis loses its histories, so that pages take new snapshots."""
    pace: float = 0.12
    lessons: int = 60
    by_cable: bool = False
    """Whether the site reaches its servers by cables, which can be cut."""


SCENARIOS: dict[str, Scenario] = {}
"""All of them by name, in order; filled by the modules of tests.chaos.scenarios."""


def scenario(name: str, **more: object) -> Callable[[Doing], Doing]:
    """Make a function a scenario; its docstring says what is done."""

    def add(do: Doing) -> Doing:
        what = (do.__doc__ or "").strip().removesuffix(".")
        SCENARIOS[name] = Scenario(name, what, do, **more)  # type: ignore[arg-type]
        return do

    return add
