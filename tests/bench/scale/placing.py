"""Placing: which web process has which sockets, what it hears and delivers, and how busy that makes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from itertools import accumulate
from random import Random

from tests.bench.scale.costs import Costs
from tests.bench.scale.school import AT_MOST, ENTRY_EVERY, TICK_EVERY, School

MOST_PROCESSES = 4096


class Spread(Enum):
    """How a balancer chooses a process for a socket."""

    CHANCE = "by chance"
    COURSE = "by course"
    """The players and the pages of a course on the same process, or on a few where it is large."""

    APART = "by course, players and pages apart"
    """The same, but that no process has both: what a player sends gathers on few of them."""

    def together(self, rate: float, services: int) -> float:
        """What of a process's rate goes to one of so many services: all, where its courses are on the same one."""
        return rate / services if self is Spread.CHANCE else rate


@dataclass(slots=True)
class Process:
    """One web process: how many open pages each course's group has there, and what that comes to."""

    pages: Counter[int] = field(default_factory=Counter)
    administrators: int = 0
    heard: float = 0.0
    delivered: float = 0.0

    # How much each part has of the load with which its processor would be full.
    taking: float = 0.0
    hearing: float = 0.0
    delivering: float = 0.0

    @property
    def busy(self) -> float:
        """All parts together."""
        return self.taking + self.hearing + self.delivering


@dataclass(frozen=True, slots=True)
class Load:
    """What a school comes to on so many processes."""

    processes: list[Process]
    copies: float
    """Messages a second that Redis hands to processes."""

    ticks: float
    """Ticks a second of each process that has players."""

    @property
    def busiest(self) -> Process:
        """The process with most to do."""
        return max(self.processes, key=lambda each: each.busy)

    @property
    def delivered(self) -> float:
        """Entries a second, to each page that shows it."""
        return sum(each.delivered for each in self.processes)


def placed(
    school: School, count: int, costs: Costs, *, seed: int = 2, spread: Spread = Spread.CHANCE, databases: int = 1
) -> Load:
    """Put every page on a process, and count."""
    random = Random(seed)
    processes = [Process() for _ in range(count)]
    players = _players_for(school, count, costs) if spread is Spread.APART else count
    taking, watching = processes[:players], processes[players:] if spread is Spread.APART else processes
    home = (lambda _: random.choice(watching)) if spread is Spread.CHANCE else _by_course(school, watching, random)
    for courses in school.teachers:
        home(courses[0]).pages.update(courses)
    for _ in range(school.administrators):
        random.choice(watching).administrators += 1
    own = school.own / len(watching) / TICK_EVERY / ENTRY_EVERY
    for each in watching:
        _count(each, school, own, costs)
    ticks = school.students / TICK_EVERY / players
    for each in taking:
        each.taking = ticks * costs.web_tick.planned(spread.together(ticks, databases))
    return Load(processes, sum(each.heard for each in processes), ticks)


def _players_for(school: School, count: int, costs: Costs) -> int:
    """How many of so many processes, two or more, have to take ticks; one at least is left for pages."""
    ticks = school.students / TICK_EVERY
    players = 1
    while players < count - 1 and ticks / players * costs.web_tick.planned(ticks / players) > AT_MOST:
        players += 1
    return players


def _by_course(school: School, processes: list[Process], random: Random) -> Callable[[int], Process]:
    """Lay the courses end to end over the processes, so that each has as many students as the others."""
    ends = list(accumulate(school.courses))
    each = school.students / len(processes)

    def home(course: int) -> Process:
        student = ends[course] - random.randrange(school.courses[course]) - 1
        return processes[min(int(student / each), len(processes) - 1)]

    return home


def _count(process: Process, school: School, own: float, costs: Costs) -> None:
    """What a process hears and delivers, and what that takes; `own` is what pages with the own feed come to there."""
    groups = [(school.entries_of(course), pages) for course, pages in process.pages.items()]
    # An own feed is heard by the one process that has it, and is as loud as one student.
    of_courses = own + sum(rate for rate, _pages in groups)
    everybodys = school.entries if process.administrators else 0.0
    groups.append((everybodys, process.administrators))
    process.heard = of_courses + everybodys
    process.delivered = own + sum(rate * pages for rate, pages in groups)
    process.hearing = of_courses * costs.web_entry.planned(of_courses)
    process.hearing += everybodys * costs.web_everybodys.planned(everybodys)
    process.delivering = own * costs.web_delivery.planned(0)
    process.delivering += sum(rate * pages * costs.web_delivery.planned(rate) for rate, pages in groups)


def processes_for(
    school: School, costs: Costs, *, spread: Spread = Spread.CHANCE, databases: int = 1, at_least: int = 1
) -> int:
    """The fewest processes of which none is busier than AT_MOST; 0 where no number is enough."""

    def is_enough(count: int) -> bool:
        return placed(school, count, costs, spread=spread, databases=databases).busiest.busy <= AT_MOST

    if school.administrators and school.entries * costs.web_everybodys.planned(school.entries) > AT_MOST:
        return 0  # whichever process has such a page hears everything
    most = max(at_least, 2 if spread is Spread.APART else 1)
    fewest = most - 1
    while not is_enough(most):
        fewest, most = most, 2 * most
        if most > MOST_PROCESSES:
            return 0
    while most - fewest > max(1, most // 50):
        middle = (fewest + most) // 2
        if is_enough(middle):
            most = middle
        else:
            fewest = middle
    return most
