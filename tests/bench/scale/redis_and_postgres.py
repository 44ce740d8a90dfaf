"""Over how many Redis and PostgreSQL a school's courses have to be spread, and what each of them then does.

A course is on one of each: by its number where sockets are spread by chance, else those of one web process are on the
same, so that what gathers there goes one way. Its groups (its instructors', its students' own) are on its Redis.
`feed.all` is one group, so on one Redis of its own where there are several; every entry is published there once more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import ceil

from tests.bench.scale.costs import Costs
from tests.bench.scale.placing import Load, Spread, placed, processes_for
from tests.bench.scale.school import AT_MOST, ENTRY_EVERY, TICK_EVERY, School

PROCESSORS = 8
"""Of one PostgreSQL's machine."""

MOST_SERVICES = 256


@dataclass(frozen=True, slots=True)
class Need:
    """What a school needs; 0 where no number is enough."""

    processes: int
    redis: int
    """Redis with groups of courses; one more has `feed.all`, where it is used and there are several."""

    busiest_redis: float
    """Of the load with which one is full, of the one with most to do."""

    everybody: float
    """Of the Redis that has `feed.all`; 0 where that is not used."""

    databases: int
    postgres: float
    """Processors, of all of them together."""

    busiest_postgres: float
    """Processors, of the one with most to do, with room for a bad minute."""

    log: float
    """Bytes a second of all logs."""


def needed(school: School, costs: Costs, *, spread: Spread = Spread.CHANCE) -> Need:
    """Find the fewest of each, none of them busier than AT_MOST.

    They depend on each other: over more databases and Redis what gathers on a process is divided, and costs more.
    """
    processes = databases = shards = 1
    while True:
        processes = processes_for(school, costs, spread=spread, databases=databases, at_least=processes)
        if not processes:
            return Need(0, 0, 0.0, 0.0, 0, 0.0, 0.0, 0.0)
        load = placed(school, processes, costs, spread=spread, databases=databases)
        more_databases = _fewest(
            partial(postgres_busy, school, load, costs, spread), AT_MOST * PROCESSORS, at_least=databases
        )
        more_shards = _fewest(partial(redis_busy, school, load, costs, spread), AT_MOST, at_least=shards)
        if more_shards > 1 and everybody_busy(school, load, costs) > AT_MOST:
            more_shards = 0
        if not more_databases or not more_shards:
            return Need(processes, more_shards, 0.0, 0.0, more_databases, 0.0, 0.0, 0.0)
        if (more_databases, more_shards) == (databases, shards):
            break
        databases, shards = more_databases, more_shards
    together = spread.together(load.ticks, databases)
    total = school.students / TICK_EVERY
    return Need(
        processes,
        shards,
        max(redis_busy(school, load, costs, spread, shards)),
        everybody_busy(school, load, costs),
        databases,
        total * costs.postgres_tick.at(together),
        max(postgres_busy(school, load, costs, spread, databases)),
        total * costs.log_tick.at(together),
    )


def shares(school: School, spread: Spread, count: int) -> list[int]:
    """How many students' courses are on each of so many services."""
    of, before = [0] * count, 0
    for course, students in enumerate(school.courses):
        of[course % count if spread is Spread.CHANCE else before * count // school.students] += students
        before += students
    return of


def postgres_busy(school: School, load: Load, costs: Costs, spread: Spread, databases: int) -> list[float]:
    """Processors of each database, with room for a bad minute."""
    cost = costs.postgres_tick.planned(spread.together(load.ticks, databases))
    return [students / TICK_EVERY * cost for students in shares(school, spread, databases)]


def redis_busy(school: School, load: Load, costs: Costs, spread: Spread, shards: int) -> list[float]:
    """How much of what it can do each Redis with groups of courses has to do; one alone `feed.all` too."""
    cost = costs.redis_tick.planned(spread.together(load.ticks, shards))
    copies = _copies(school, load, costs)
    busy = [
        students / TICK_EVERY * cost + copies * students / school.students
        for students in shares(school, spread, shards)
    ]
    if shards == 1:
        busy[0] += _copies_to_administrators(school, load, costs)
    return busy


def everybody_busy(school: School, load: Load, costs: Costs) -> float:
    """How much of what it can do the Redis with `feed.all` has to do, where it is one of its own."""
    if not school.administrators:
        return 0.0
    published = school.entries * costs.redis_everybodys.planned(load.ticks / ENTRY_EVERY)
    return published + _copies_to_administrators(school, load, costs)


def _copies_to_administrators(school: School, load: Load, costs: Costs) -> float:
    return school.entries * sum(1 for each in load.processes if each.administrators) * costs.redis_copy


def _copies(school: School, load: Load, costs: Costs) -> float:
    return load.copies * costs.redis_copy - _copies_to_administrators(school, load, costs)


def _fewest(busy: Callable[[int], list[float]], at_most: float, *, at_least: int) -> int:
    """The fewest services of which none has more to do than that; 0 where no number is enough."""
    count = at_least
    while count <= MOST_SERVICES:
        each = busy(count)
        if max(each) <= at_most:
            return count
        count = max(count + 1, ceil(sum(each) / at_most))  # fewer could not bear it, however it were divided
    return 0
