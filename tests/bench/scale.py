"""Scale: how many processes, how much of Redis and PostgreSQL a school needs, by simulating who is connected where.

`python -m tests.bench.scale [STUDENTS…]` prints the tables of docs/scale.md. A school is drawn (courses of all sizes,
teachers with their pages open), every socket is put on a process by chance, as a balancer does, and what each process
hears and delivers is counted and weighed with costs that were measured (`python -m tests.bench costs`).
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

US = 1e-6
TICK_EVERY = 5.0
"""Seconds between two ticks of a player that plays."""

ENTRY_EVERY = 12
"""Ticks for one entry: the steps from 50 % on and the completion, over the ticks of a lesson."""

AT_MOST = 0.6
"""Of a processor: what is planned with more has nothing left for a bad minute."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds of a processor, and bytes; measured on the machine of docs/benchmarks.md."""

    web_tick: float
    web_entry: float
    web_delivery: float
    postgres_tick: float
    redis_tick: float
    redis_copy: float
    log_tick: float
    socket_bytes: float = 27_000
    entry_bytes: float = 400
    tick_bytes: float = 150
    span_bytes: float = 109


@dataclass(frozen=True, slots=True)
class School:
    """Who is there at once: how many watch each course, and of whom each open page of the feed is."""

    courses: list[int]
    """Students who watch, of each course."""

    teachers: list[tuple[int, ...]]
    """Open pages of teachers: the courses of each."""

    administrators: int
    own: int
    """Open pages of students with their own feed."""

    @property
    def students(self) -> int:
        """Everybody who watches."""
        return sum(self.courses)

    @property
    def entries(self) -> float:
        """Entries a second, in all courses."""
        return self.students / TICK_EVERY / ENTRY_EVERY

    def entries_of(self, course: int) -> float:
        """Entries a second, in one."""
        return self.courses[course] / TICK_EVERY / ENTRY_EVERY


def drawn(students: int, *, seed: int = 1, administrators: int = 20) -> School:
    """A school: most courses have some dozens, a few have thousands; a teacher for each thirty or so, some with more
    than one course; a page with the own feed for each fiftieth student."""
    random = Random(seed)
    courses: list[int] = []
    while (left := students - sum(courses)) > 0:
        courses.extend(_sizes(random, left))
    teachers = []
    for course, size in enumerate(courses):
        for _ in range(1 + size // 30):
            others = [random.randrange(len(courses)) for _ in range(random.choice((0, 0, 1, 2)))]
            teachers.append(tuple({course, *others}))
    return School(courses, teachers, administrators, students // 50)


def _sizes(random: Random, left: int) -> Iterator[int]:
    """Sizes up to so many students, a thousand courses at most: who draws on sums them up anew."""
    for _ in range(1000):
        size = min(left, 20_000, int(15 * random.paretovariate(1.2)))
        if not size:
            return
        left -= size
        yield size


@dataclass(slots=True)
class Process:
    """One web process: how many open pages each course's group has there, and how much of its processor is used."""

    pages: Counter[int] = field(default_factory=Counter)
    administrators: int = 0
    heard: float = 0.0
    delivered: float = 0.0
    busy: float = 0.0


@dataclass(frozen=True, slots=True)
class Load:
    """What a school comes to on so many processes."""

    processes: list[Process]
    copies: float
    """Messages a second that Redis hands to processes."""

    @property
    def busiest(self) -> Process:
        """The process with most to do."""
        return max(self.processes, key=lambda each: each.busy)

    @property
    def delivered(self) -> float:
        """Entries a second, to each page that shows it."""
        return sum(each.delivered for each in self.processes)


def placed(school: School, count: int, costs: Costs, *, seed: int = 2) -> Load:
    """Put every page on a process by chance, and count."""
    random = Random(seed)
    processes = [Process() for _ in range(count)]
    for courses in school.teachers:
        random.choice(processes).pages.update(courses)
    for _ in range(school.administrators):
        random.choice(processes).administrators += 1
    # An own feed is heard by the one process that has it, and is as loud as one student.
    own = school.own / count / TICK_EVERY / ENTRY_EVERY
    for each in processes:
        of_courses = [(school.entries_of(course), pages) for course, pages in each.pages.items()]
        everything = school.entries if each.administrators else 0.0
        each.heard = own + everything + sum(rate for rate, _pages in of_courses)
        each.delivered = own + everything * each.administrators + sum(rate * pages for rate, pages in of_courses)
        ticks = school.students / TICK_EVERY / count
        each.busy = ticks * costs.web_tick + each.heard * costs.web_entry + each.delivered * costs.web_delivery
    return Load(processes, sum(each.heard for each in processes))


def processes_for(school: School, costs: Costs) -> int:
    """The fewest processes of which none is busier than AT_MOST; 0 where no number is enough."""
    fewest, most = 0, 1
    while placed(school, most, costs).busiest.busy > AT_MOST:
        fewest, most = most, 2 * most
        if most > 4096:
            return 0
    while most - fewest > max(1, most // 50):
        middle = (fewest + most) // 2
        if placed(school, middle, costs).busiest.busy > AT_MOST:
            fewest = middle
        else:
            most = middle
    return most


MEASURED = Costs(
    web_tick=373 * US,
    web_entry=633 * US,
    web_delivery=10.1 * US,
    postgres_tick=208 * US,
    redis_tick=30 * US,
    redis_copy=1.5 * US,
    log_tick=707,
)
"""docs/scale.md, of things that come one by one."""


def table(sizes: Sequence[int], costs: Costs) -> Iterator[str]:
    """Lines of a table in Markdown: what a school of each size needs, without and with administrators' pages."""
    yield (
        "| students at once | administrators' pages | ticks/s | entries/s | web processes | sockets each "
        "| of Redis | of PostgreSQL | its log, MB/s | to pages, MB/s |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for students in sizes:
        for administrators in (0, 20):
            yield _row(drawn(students, administrators=administrators), costs)


def _row(school: School, costs: Costs) -> str:
    ticks = school.students / TICK_EVERY
    count = processes_for(school, costs)
    if not count:
        cells = ["none is enough", "", "", "", "", ""]
    else:
        load = placed(school, count, costs)
        pages = len(school.teachers) + school.administrators + school.own
        redis = ticks * costs.redis_tick + load.copies * costs.redis_copy
        cells = [
            f"{count}",
            f"{(school.students + pages) / count:,.0f}",
            f"{redis:.2f} processors",
            f"{ticks * costs.postgres_tick:.1f} processors",
            f"{ticks * costs.log_tick / 1e6:.1f}",
            f"{load.delivered * costs.entry_bytes / 1e6:,.1f}",
        ]
    said = [f"{school.students:,}", f"{school.administrators}", f"{ticks:,.0f}", f"{school.entries:,.0f}", *cells]
    return "| " + " | ".join(said) + " |"


def main(arguments: Iterable[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__)
    parser.add_argument("students", nargs="*", type=int, default=[1000, 10_000, 100_000, 1_000_000])
    sizes = parser.parse_args(list(arguments) if arguments is not None else None).students
    for line in table(sizes, MEASURED):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
