"""Presence for viewers: read once a second for all of this process, framed once for all who teach the same courses."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field

import psycopg
from redis.exceptions import RedisError

from consumers import codes, presence_frames
from consumers.presence_frames import Key, Row
from consumers.viewer import Viewer
from consumers.wire import Run
from feed import groups
from feed.presence import Seat, Tally, naming, tally
from feed.presence.naming import Names
from feed.presence.store import presences
from progress.ending import end
from progress.failures import in_words

log = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
NAMES_SECONDS = 15.0
"""For how long names that were read serve: who hides a name, or is renamed, is so within this at the latest."""

YIELD_EVERY = 250
AWAY = (RedisError, OSError, TimeoutError, psycopg.Error)

Courses = frozenset[int] | None
"""The courses that a viewer teaches; None for an administrator: all."""


@dataclass(eq=False)
class Audience:
    """Viewers who teach the same courses: what all of them were told, and who has yet to be told all of it.

    With each viewer goes the turn in which it joined. It ends with whatever makes the hub begin anew, changed rights
    among it, and from then on nothing more is told (law 7).
    """

    courses: Courses
    told: dict[Key, Row] = field(default_factory=dict)
    counts: Tally | None = None
    viewers: dict[Viewer, int] = field(default_factory=dict)
    newcomers: set[Viewer] = field(default_factory=set)

    def prune(self) -> None:
        """Let go of those who left or began anew."""
        for viewer in [viewer for viewer, turn in self.viewers.items() if viewer.turn != turn]:
            del self.viewers[viewer]
            self.newcomers.discard(viewer)

    def sees(self, seat: Seat) -> bool:
        """Whether this is a seat in one of their courses."""
        return self.courses is None or seat.course_id in self.courses

    async def tell(self, seats: Iterable[Seat], names: Names) -> None:
        """Tell what changed, and all of it to newcomers; to whoever does not read, all of it later."""
        theirs = [seat for seat in seats if self.sees(seat)]
        counts = tally(theirs)
        rows = presence_frames.shown_of(presence_frames.rows_of(theirs, names))
        changes, left = presence_frames.take_changes(self.told, rows)
        changed = bool(changes or left or counts != self.counts)
        self.counts = counts
        everything = Run([presence_frames.full(self.told, counts)]) if self.newcomers else None
        change = Run([presence_frames.delta(changes, left, counts)]) if changed else None
        for count, (viewer, turn) in enumerate(list(self.viewers.items()), start=1):
            if count % YIELD_EVERY == 0:
                await asyncio.sleep(0)
            if viewer.turn != turn:
                continue
            run = everything if viewer in self.newcomers else change
            if run is None:
                continue
            if viewer.behind_since is None and viewer.wire.give(run, codes.BEHIND_BYTES // 2):
                self.newcomers.discard(viewer)
            else:
                self.newcomers.add(viewer)


class Audiences:
    """One process's audiences, on one event loop; asks nothing while there is none."""

    def __init__(self) -> None:
        self._audiences: dict[Courses, Audience] = {}
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._names = Names()
        self._named_at = -NAMES_SECONDS
        self._away = False

    def join(self, viewer: Viewer, names: Iterable[str]) -> None:
        """Tell this viewer, of these groups, who is watching; whoever teaches nothing is told nothing."""
        courses = groups.taught(names)
        if courses is not None and not courses:
            return
        audience = self._audiences.setdefault(courses, Audience(courses))
        audience.viewers[viewer] = viewer.turn
        audience.newcomers.add(viewer)
        self._named_at = -NAMES_SECONDS  # what is told anew is told by the names of now
        self._wanted.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            await end(self._task)

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            try:
                await self._round()
            except AWAY as error:
                if not self._away:
                    log.warning("Viewers are not told who is watching", extra={"error": in_words(error)})
                    self._say_away()
                self._away = True
            except Exception:
                log.exception("Viewers could not be told who is watching")
            await asyncio.sleep(EVERY_SECONDS)

    async def _round(self) -> None:
        self._prune()
        if not self._audiences:
            self._wanted.clear()
            return
        wanted: Courses = frozenset()
        for courses in self._audiences:
            wanted = None if wanted is None or courses is None else wanted | courses
        seats = (await presences().read(wanted)).seats
        names = await self._names_of(seats)
        self._away = False
        self._prune()
        for audience in list(self._audiences.values()):
            await audience.tell(seats, names)

    def _prune(self) -> None:
        for courses, audience in list(self._audiences.items()):
            audience.prune()
            if not audience.viewers:
                del self._audiences[courses]

    async def _names_of(self, seats: Iterable[Seat]) -> Names:
        """The names of all seats: read again after a while, and those of newcomers at once."""
        people, lessons = {seat.user_id for seat in seats}, {seat.lesson_id for seat in seats}
        now = asyncio.get_running_loop().time()
        if now - self._named_at >= NAMES_SECONDS:
            self._named_at = now
            try:
                self._names = await naming.read(people, lessons)
            except psycopg.Error:
                self._named_at = -NAMES_SECONDS
                raise
        new_people, new_lessons = people - self._names.people.keys(), lessons - self._names.lessons.keys()
        if (new_people or new_lessons) and now > self._named_at:
            more = await naming.read(new_people, new_lessons)
            self._names = Names(self._names.people | more.people, self._names.lessons | more.lessons)
        return self._names

    def _say_away(self) -> None:
        self._prune()
        for audience in self._audiences.values():
            for viewer in audience.viewers:
                if viewer.behind_since is None:
                    viewer.wire.give(Run([presence_frames.AWAY]), codes.BEHIND_BYTES // 2)
            audience.newcomers.update(audience.viewers)


_of_loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Audiences] = weakref.WeakKeyDictionary()


def audiences() -> Audiences:
    """The running loop's audiences."""
    loop = asyncio.get_running_loop()
    if loop not in _of_loops:
        _of_loops[loop] = Audiences()
    return _of_loops[loop]


async def stop() -> None:
    """Stop the running loop's, if there are any."""
    found = _of_loops.pop(asyncio.get_running_loop(), None)
    if found is not None:
        await found.stop()
