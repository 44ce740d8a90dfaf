"""A school: who is there at once, how many watch each course, and of whom each open page of the feed is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

TICK_EVERY = 5.0
"""Seconds between two ticks of a player that plays."""

ENTRY_EVERY = 12
"""Ticks for one entry: the steps from 50 % on and the completion, over the ticks of a lesson."""

AT_MOST = 0.6
"""Of the load with which a processor is full: what is planned with more has nothing left for a bad minute."""


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
