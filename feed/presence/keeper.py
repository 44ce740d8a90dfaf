"""What this process holds: seats from open progress sockets and from ticks, written to Redis once a second.

The tick path knows nothing of it: the recorder notes the newest tick of each student (progress.newest), and what
gathered in a second is one script, which also renews what is held. Redis away: nothing waits but the newest of each
seat, and all of it is written once Redis is back.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import weakref
from collections import Counter
from dataclasses import dataclass

from redis.exceptions import RedisError

from feed.presence.rules import GONE_SECONDS, PLAYING_SECONDS, POSTED_SECONDS, Said, strip
from feed.presence.store import Held, Written, presences
from progress import newest
from progress.ending import end
from progress.failures import in_words
from progress.reports import Ack
from progress.rows import Key, Record
from progress.ticks import Tick

log = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
YIELD_EVERY = 50
"""Ticks between two looks at what else there is to do: up to 2.5 ms, where what was watched has many gaps."""

AWAY = (RedisError, OSError, TimeoutError)


@dataclass(slots=True)
class _Place:
    """A student in a lesson, as this process knows it; moments of the loop's clock."""

    course_id: int
    heard: float
    began: float
    said: Said = "paused"
    position: float = 0.0
    percentage: float = 0.0
    watched: str = ""
    sockets: int = 0
    posted_until: float = 0.0
    began_at: int | None = None
    """`began` by Redis's clock, once it was written: it must not move by the way's milliseconds each time."""
    left: float | None = None

    def hear(self, tick: Tick, ack: Ack, now: float) -> None:
        """Take in what a tick said. One that does not say its state plays: why else would it come?"""
        said: Said = "paused" if tick.state in ("paused", "ended") else "playing"
        if said != self.said or (said == "playing" and now - self.heard > PLAYING_SECONDS):
            self.said, self.began, self.began_at = said, now, None
        self.heard = now
        self.position = tick.position
        self.percentage = ack.watch_percentage
        self.watched = strip(ack.segments, ack.duration)

    def held(self, key: Key, now: float) -> Held:
        """What is written of it."""
        return Held(
            course_id=self.course_id,
            user_id=key[0],
            lesson_id=key[1],
            left=self.left is not None,
            heard_ago=_ms(now - (self.heard if self.left is None else self.left)),
            began_ago=_ms(now - self.began),
            began=self.began_at,
            said=self.said,
            position=self.position,
            percentage=self.percentage,
            watched=self.watched,
        )


def _ms(seconds: float) -> int:
    return max(0, int(seconds * 1000))


class Keeper:
    """One process's seats, on one event loop."""

    def __init__(self) -> None:
        self.process = secrets.token_hex(6)
        self._loop = asyncio.get_running_loop()
        self._places: dict[Key, _Place] = {}
        self._left: dict[Key, _Place] = {}
        self._changed: set[Key] = set()
        self._courses: Counter[int] = Counter()
        self._anew = False
        """Whether all of it has to be written: Redis was away, or has forgotten us."""
        self._away = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Follow the ticks of this loop, and write what changes."""
        newest.follow()
        if self._task is None:
            self._task = self._loop.create_task(self._run())

    async def stop(self) -> None:
        """Leave every seat, and write that."""
        newest.forget()
        if self._task is not None:
            await end(self._task)
            self._task = None
        for key in list(self._places):
            self._leave(key)
        await self._write_if_possible()

    def sit(self, key: Key, record: Record) -> None:
        """A progress socket has opened."""
        place = self._place(key, record.course_id)
        if not place.sockets and not place.watched:
            place.position, place.percentage = record.row.position, record.row.percentage
            place.watched = strip(record.row.segments, record.lesson.duration)
        place.sockets += 1
        self._changed.add(key)

    def rise(self, key: Key) -> None:
        """A progress socket has closed."""
        place = self._places.get(key)
        if place is None or not place.sockets:
            return
        if last := newest.take_one(key):  # its own, so that it is not taken for one by POST
            place.hear(*last, self._loop.time())
        place.sockets -= 1
        if not place.sockets and place.posted_until <= self._loop.time():
            self._leave(key)

    def _place(self, key: Key, course_id: int) -> _Place:
        place = self._places.get(key)
        if place is None:
            now = self._loop.time()
            place = self._places[key] = _Place(course_id, heard=now, began=now)
            self._courses[course_id] += 1
            self._left.pop(key, None)
        return place

    def _leave(self, key: Key) -> None:
        place = self._places.pop(key)
        place.left = self._loop.time()
        self._left[key] = place
        self._changed.discard(key)
        self._courses[place.course_id] -= 1
        if not self._courses[place.course_id]:
            del self._courses[place.course_id]

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await self._take_ticks()
                await self._write_if_possible()
            except Exception:
                # Whatever is wrong with one second, the next one is another.
                log.exception("Presence could not be kept")

    async def _take_ticks(self) -> None:
        for count, (key, (tick, ack)) in enumerate(newest.take().items(), start=1):
            now = self._loop.time()
            place = self._place(key, ack.course_id)
            place.hear(tick, ack, now)
            if not place.sockets:
                place.posted_until = now + POSTED_SECONDS
            self._changed.add(key)
            if count % YIELD_EVERY == 0:
                await asyncio.sleep(0)
        now = self._loop.time()
        for key, place in list(self._places.items()):
            if not place.sockets and place.posted_until <= now:
                self._leave(key)

    async def _write_if_possible(self) -> None:
        try:
            await self._write()
        except AWAY as error:
            if not self._away:
                log.warning("Presence is not written: Redis does not answer", extra={"error": in_words(error)})
            self._away = self._anew = True
            self._forget_long_gone()
        else:
            self._away = False

    async def _write(self) -> None:
        if not self._places and not self._left:
            return
        all_of_it = self._anew
        written = await self._write_some(all_of_it)
        self._anew = False
        if not written.known and not all_of_it and self._places:
            # A first write, or Redis was emptied, or we hung until others took us for dead.
            for place in self._places.values():
                place.began_at = None  # by a clock that may be another one's
            await self._write_some(all_of_it=True)

    async def _write_some(self, all_of_it: bool) -> Written:
        now = self._loop.time()
        keys = set(self._places) if all_of_it else self._changed
        places = {key: self._places[key] for key in keys}
        left = dict(self._left)
        self._changed = set()
        # Each is worked out as it is sent, a few at a time.
        held = (place.held(key, now) for key, place in (*places.items(), *left.items()))
        try:
            written = await presences().write(self.process, list(self._courses), held)
        except BaseException:
            self._changed |= self._places.keys() & keys
            raise
        for place in places.values():
            if place.began_at is None and place.began <= now:
                place.began_at = written.now - _ms(now - place.began)
        for key, place in left.items():
            if self._left.get(key) is place:
                del self._left[key]
        return written

    def _forget_long_gone(self) -> None:
        long_ago = self._loop.time() - GONE_SECONDS
        self._left = {key: place for key, place in self._left.items() if (place.left or 0.0) > long_ago}


_keepers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Keeper] = weakref.WeakKeyDictionary()


def keeper() -> Keeper:
    """The running loop's keeper."""
    loop = asyncio.get_running_loop()
    if loop not in _keepers:
        _keepers[loop] = Keeper()
    return _keepers[loop]


async def stop() -> None:
    """Stop the running loop's keeper, if there is one."""
    found = _keepers.pop(asyncio.get_running_loop(), None)
    if found is not None:
        await found.stop()
