"""A scenario: what is done to a class at work, and how its sockets may end by it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
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
    counts: dict[str, float] = field(default_factory=dict)

    def count(self, name: str, more: float = 1) -> None:
        """Count something that the report tells."""
        self.counts[name] = round(self.counts.get(name, 0) + more, 2)

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
    """Whether Redis loses its histories, so that pages are told to begin anew."""
    renews: bool = False
    """Whether a page may have to take a new snapshot, since Redis was away when it came back."""
    quick: bool = True
    """Whether every tick is acked as soon as ever (law 6)."""
    refuses: frozenset[int] = frozenset()
    """HTTP statuses that may be the answer to a page load."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What the site's processes are started with beside what all are."""
    title: str = "Lesson"
    """What the lessons' titles begin with."""
    to_the_end: bool = False
    """Whether it is waited until the hubs have let go of their groups too, which they keep for half a minute."""
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
