"""Presence in Redis: what every process holds, written and read by scripts alone (feed.presence.scripts)."""

from __future__ import annotations

import weakref
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from redis.asyncio import Redis

from feed.layer import HistoryLoopLayer, loop_layer
from feed.presence import scripts
from feed.presence.rules import Report, Said, Seat, seats_of

CHUNK = 200
"""Seats that one run of a script takes: a millisecond or two here, and less in which Redis serves nobody else."""

Answer = list[Any]
"""What the script READ answers (feed.presence.scripts)."""

_SAID: dict[str, Said] = {"1": "playing", "0": "paused"}


@dataclass(frozen=True, slots=True)
class Held:
    """A seat as its process says it: times as ms ago, `began` as Redis's own moment (ms) once that is known."""

    course_id: int
    user_id: int
    lesson_id: int
    left: bool
    heard_ago: int
    began_ago: int
    began: int | None
    said: Said
    position: float
    percentage: float
    watched: str

    def arguments(self) -> tuple[Any, ...]:
        """What the script is given of it."""
        began = self.began_ago if self.began is None else -self.began
        text = f"{int(self.said == 'playing')}:{self.position:.1f}:{self.percentage:g}:{self.watched}"
        return (self.course_id, self.user_id, self.lesson_id, int(self.left), self.heard_ago, began, text)


@dataclass(frozen=True, slots=True)
class Written:
    """What a write came to: Redis's time in ms, and whether what this process held before still stands."""

    now: int
    known: bool


@dataclass(frozen=True, slots=True)
class Present:
    """Who is there, and when that was so, in ms by Redis's clock."""

    now: int
    seats: list[Seat]


class Presences:
    """Presence in one Redis, over one loop's connections. Every method raises redis.RedisError where it is away."""

    def __init__(self, client: Redis, *, prefix: str) -> None:
        self._prefix = prefix
        self._write = client.register_script(scripts.WRITE)
        self._read = client.register_script(scripts.READ)
        self._forget = client.register_script(scripts.FORGET)

    async def write(self, process: str, courses: Collection[int], held: Iterable[Held]) -> Written:
        """Write what changed of this process's seats, and hold all that it has in these courses for some seconds."""
        rest = iter(held)
        # The first run alone finds what was held before; it is made where nothing changed, too.
        now, known = await self._write_some(process, courses, rest)
        while some := list(islice(rest, CHUNK)):
            now, _ = await self._write_some(process, courses, some)
        return Written(int(now), bool(known))

    async def _write_some(self, process: str, courses: Collection[int], held: Iterable[Held]) -> Answer:
        arguments = chain.from_iterable(each.arguments() for each in islice(held, CHUNK))
        answer: Answer = await self._write(args=[self._prefix, process, len(courses), *courses, *arguments])
        return answer

    async def read(self, course_ids: Collection[int] | None) -> Present:
        """Return who is there in these courses, None meaning all."""
        return present_of(await self.ask(course_ids))

    async def ask(self, course_ids: Collection[int] | None) -> Answer:
        """Ask Redis that; what it answers is for `present_of`, which takes long for thousands, on any thread."""
        answer: Answer = await self._read(args=[self._prefix, *(["1"] if course_ids is None else ["0", *course_ids])])
        return answer

    async def forget(self, people: Iterable[int]) -> None:
        """Remove these people's seats, and let nobody write them again for some minutes."""
        if theirs := sorted(set(people)):
            await self._forget(args=[self._prefix, *theirs])


_of_layers: weakref.WeakKeyDictionary[HistoryLoopLayer, Presences] = weakref.WeakKeyDictionary()


def presences() -> Presences:
    """Presence, over the running loop's connections."""
    layer = loop_layer()
    if layer not in _of_layers:
        _of_layers[layer] = Presences(layer.client, prefix=layer.prefix)
    return _of_layers[layer]


def present_of(answer: Answer) -> Present:
    """Return who is there, by Redis's answer."""
    now, holders, *courses = answer
    held_until = {process: int(until) for process, until in _pairs(holders)}
    reports: list[Report] = []
    for course, seats, gone in zip(courses[::3], courses[1::3], courses[2::3], strict=True):
        for field, text in _pairs(seats):
            user, lesson, process = field.split(b":")
            until = held_until.get(process)
            if until is not None:  # else nobody knows when it left, and it is long ago
                reports.append(_report(course, user, lesson, text, left=until if until <= now else None))
        for user, report in _pairs(gone):
            text, _, lesson = report.rpartition(b":")
            reports.append(_report(course, user, lesson, text, left=int(text.partition(b":")[0])))
    return Present(int(now), seats_of(reports, int(now)))


def _pairs(flat: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    return zip(flat[::2], flat[1::2], strict=True)


def _report(course: bytes, user: bytes, lesson: bytes, text: bytes, *, left: int | None) -> Report:
    heard, began, said, position, percentage, watched = text.decode().split(":")
    return Report(
        int(user),
        int(lesson),
        int(course),
        _SAID[said],
        int(heard),
        int(began),
        float(position),
        float(percentage),
        watched,
        left,
    )
