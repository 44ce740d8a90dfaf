"""Clients that come back by themselves: a page with the feed, and a student's player.

They do what our own scripts do: js/socket.js (backoff with full jitter), js/feed-follower.js (position, recovery, a
snapshot anew) and js/tracker.js (a tick is kept, and sent again in order, until it is acked). Behind a balancer a
client does not choose its web process; here it takes another one where nobody listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import random
import re
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from feed.history import Mark, parse_mark
from progress.models import Lesson, User
from tests.live import ROOT, Site, Viewer


def _seconds(script: str, name: str) -> float:
    """A span of time that one of our scripts names, in milliseconds there."""
    text = (ROOT / "project/static/js" / script).read_text()
    found = re.search(rf"^const {name} = ([\d_]+);", text, re.MULTILINE)
    assert found, f"{script} has no {name}"
    return int(found[1]) / 1000


FIRST_DELAY = _seconds("socket.js", "FIRST_DELAY")
LONGEST_DELAY = _seconds("socket.js", "LONGEST_DELAY")
STABLE_AFTER = _seconds("socket.js", "STABLE_AFTER")
CALM = _seconds("feed-follower.js", "CALM")
FIRST_RETRY = _seconds("feed-follower.js", "FIRST_RETRY")
LONGEST_RETRY = _seconds("feed-follower.js", "LONGEST_RETRY")
ACK_LIMIT = _seconds("tracker.js", "ACK_LIMIT")

LOST = (OSError, TimeoutError, WebSocketException)
"""How a connection can be missed or lost; websockets' own closes are among them."""


class Entrance:
    """The way into a site's web processes: the preferred one or, where nobody listens there, another."""

    def __init__(self, site: Site, *, port: int | None = None) -> None:
        self.site = site
        self._port = port
        """Where the one web process is reached, if not where it listens."""
        self.refused: Counter[int] = Counter()
        """HTTP statuses, other than those wanted, by how often they were the answer to a handshake or a page load."""
        self._http = httpx.AsyncClient(timeout=15)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    def _address(self, web: int) -> str:
        return f"127.0.0.1:{self._port}" if self._port else self.site.address(web)

    def _in_order(self, preferred: int) -> list[int]:
        if self._port:
            return [preferred]
        count = len(self.site.ports)
        return [(preferred + step) % count for step in range(count)]

    @contextlib.asynccontextmanager
    async def socket(self, path: str, session: str, preferred: int) -> AsyncIterator[tuple[int, ClientConnection]]:
        """An open socket, and the web process that it is on; raises one of LOST where nobody takes it."""
        failure: Exception = OSError("no web process")
        for web in self._in_order(preferred):
            address = self._address(web)
            headers = {"Cookie": f"sessionid={session}", "Origin": f"http://{address}"}
            try:
                opened = await connect(f"ws://{address}{path}", additional_headers=headers, max_size=None)
            except ConnectionRefusedError as refused:
                failure = refused
                continue
            except InvalidStatus as refused:
                self.refused[refused.response.status_code] += 1
                raise
            async with opened:
                yield web, opened
            return
        raise failure

    async def snapshot(self, session: str, preferred: int) -> dict[str, Any]:
        """The whole feed, newest first, with the position before it; raises OSError where nobody gives it."""
        entries: list[Any] = []
        page = await self._page(session, preferred, {"limit": "200"})
        position = page["position"]
        entries += page["entries"]
        while page["next"]:
            page = await self._page(session, preferred, {"limit": "200", "before": page["next"]})
            entries += page["entries"]
        return {"entries": entries, "position": position}

    async def _page(self, session: str, preferred: int, asked: dict[str, str]) -> dict[str, Any]:
        for web in self._in_order(preferred):
            with contextlib.suppress(httpx.TransportError):
                answer = await self._http.get(
                    f"http://{self._address(web)}/api/feed/",
                    params=asked,
                    headers={"Cookie": f"sessionid={session}"},
                )
                if answer.status_code == 200:
                    return dict(answer.json())
                self.refused[answer.status_code] += 1
        raise OSError("no web process gave a snapshot")


@dataclass
class Backoff:
    """Exponential, with full jitter: js/socket.js `#lost`."""

    failures: int = 0

    def delay(self, *, lasted: float) -> float:
        """How long to wait after a connection that lasted so long, 0 where it never opened."""
        if lasted >= STABLE_AFTER:
            self.failures = 0
        longest = min(LONGEST_DELAY, FIRST_DELAY * 2.0**self.failures)
        self.failures += 1
        return random.random() * longest


class Follower(Viewer):
    """A page with the feed that comes back by itself, and notes what it went through."""

    def __init__(self, entrance: Entrance, person: User, session: str, *, web: int) -> None:
        super().__init__(None)  # type: ignore[arg-type]  # until it connects
        self.entrance, self.person, self.session, self.prefers = entrance, person, session, web
        self.web: int | None = None
        """The web process that it is connected to."""
        self.subscribed = False
        self.shown: dict[str, dict[str, Any]] = {}
        """Every entry that was ever on the list, by its id."""
        self.holes: list[str] = []
        """Frames that did not follow what was there before them."""
        self.heard: dict[tuple[str, str, int], str] = {}
        """The id of each item that came, by its group, epoch and offset."""
        self.resets: list[str] = []
        self.snapshots = 0
        self.closes: list[tuple[int, int | None]] = []
        """For each connection that was lost its web process, and the close code."""
        self.returns: list[float] = []
        """The moments for which it planned to come back; how busy this machine is then changes nothing about them."""
        self._renewed_at = -math.inf
        self._failures = 0
        self._renewing: asyncio.Task[None] | None = None

    def load(self, page: dict[str, Any]) -> None:
        """Begin with what a page load, or a snapshot, brings."""
        self.position = page["position"]
        self.entries = {entry["id"]: entry for entry in page["entries"]}
        self.shown |= self.entries

    async def follow(self) -> None:
        """Follow until cancelled."""
        backoff = Backoff()
        while True:
            opened_at: float | None = None
            try:
                async with self.entrance.socket("/ws/feed/", self.session, self.prefers) as (web, self.socket):
                    opened_at = time.monotonic()
                    await self._attend(web)
            except LOST:
                pass
            finally:
                self._abandon()
            lasted = 0.0 if opened_at is None else time.monotonic() - opened_at
            delay = backoff.delay(lasted=lasted)
            self.returns.append(time.monotonic() + delay)
            await asyncio.sleep(delay)

    async def _attend(self, web: int) -> None:
        self.web = web
        try:
            with contextlib.suppress(ConnectionClosed):
                await self._ask()
            await self.listen()
            self.closes.append((web, self.closed_with))
        finally:
            self.web = None

    async def _ask(self) -> None:
        self.subscribed = False
        await self.tell({"type": "subscribe", "position": self.position, "filters": {}, "presence": False})

    def take(self, frame: dict[str, Any]) -> None:
        """Keep a frame, do what it says, and note where it does not follow."""
        if frame["type"] == "subscribed":
            self.subscribed = frame["recovered"]
            if not self.subscribed:
                self._renew_soon()
        elif not self.subscribed:
            return  # of the subscription before
        elif frame["type"] == "reset":
            self.subscribed = False
            self.resets.append(frame["reason"])
            self._renew_soon()
        else:
            self._note(frame)
        super().take(frame)
        self.shown |= {entry["id"]: entry for entry in frame.get("entries", [])}

    def _note(self, frame: dict[str, Any]) -> None:
        entries, ids = frame.get("entries", []), frame.get("ids", [])
        for group, text in frame["position"].items():
            before, after = parse_mark((self.position or {}).get(group)), parse_mark(text)
            if before is None or after != Mark(before.epoch, before.offset + len(entries) + len(ids)):
                self.holes.append(f"{group}: {len(entries) + len(ids)} items after {before} do not reach {after}")
                continue
            came = [entry["id"] for entry in entries] + ids
            self.heard |= {(group, after.epoch, offset): id for offset, id in enumerate(came, before.offset + 1)}

    def _renew_soon(self) -> None:
        self._abandon()
        self._renewing = asyncio.create_task(self._renew())

    def _abandon(self) -> None:
        self.subscribed = False
        if self._renewing is not None:
            self._renewing.cancel()
            self._renewing = None

    async def _renew(self) -> None:
        if time.monotonic() - self._renewed_at < CALM:
            await asyncio.sleep(self._retry_delay())
        else:
            self._failures = 0
        while True:
            self._renewed_at = time.monotonic()
            with contextlib.suppress(OSError):
                self.snapshots += 1
                self.load(await self.entrance.snapshot(self.session, self.prefers))
                if self.position:
                    break
            await asyncio.sleep(self._retry_delay())
        with contextlib.suppress(ConnectionClosed):
            await self._ask()

    def _retry_delay(self) -> float:
        delay = (0.5 + random.random() / 2) * min(LONGEST_RETRY, FIRST_RETRY * 2.0**self._failures)
        self._failures += 1
        return delay


@dataclass(frozen=True, slots=True)
class Acked:
    """An ack: what it said, when it came, and how long after the tick was sent (for the last time)."""

    lesson_id: int
    percentage: float
    completed: bool
    at: float
    seconds: float


@dataclass
class Student:
    """A player that goes from lesson to lesson, sending ticks at its pace, until told to stop."""

    entrance: Entrance
    person: User
    session: str
    lessons: Iterable[Lesson]
    web: int
    pace: float
    steps: Sequence[int] = range(50, 101, 5)
    """The percentages that it reports of each lesson."""
    pause: float = 0.0
    """Seconds between two lessons."""
    acks: list[Acked] = field(default_factory=list)
    closes: list[tuple[int, int | None]] = field(default_factory=list)
    longest_wait: float = 0.0
    """Seconds from a tick's first sending to its ack, of the one that waited longest."""
    stopped: bool = False
    busy: bool = False
    ticks: int = 0
    _sent_at: dict[int, float] = field(default_factory=dict)
    _first_sent_at: dict[int, float] = field(default_factory=dict)
    _best: dict[int, float] = field(default_factory=dict)
    """What was acked of each lesson."""

    async def study(self) -> None:
        """Watch one lesson after the other; each tick is sent until it is acked."""
        self.busy = True
        for lesson in self.lessons:
            await self._watch(lesson)
            await self._rest()
            if self.stopped:
                self.busy = False
                return
        raise AssertionError(f"{self.person.username} has no lesson left")

    async def _rest(self) -> None:
        over_at = time.monotonic() + self.pause
        while not self.stopped and time.monotonic() < over_at:
            await asyncio.sleep(0.05)

    def acked_since(self, moment: float) -> list[Acked]:
        """The acks that came after a moment of time.monotonic."""
        return [ack for ack in self.acks if ack.at > moment]

    def completed_since(self, moment: float) -> set[int]:
        """The lessons whose completion was acked first after a moment of time.monotonic."""
        before = {ack.lesson_id for ack in self.acks if ack.completed and ack.at <= moment}
        return {ack.lesson_id for ack in self.acked_since(moment) if ack.completed} - before

    async def _watch(self, lesson: Lesson) -> None:
        waiting = deque(self._tick(percentage) for percentage in self.steps)
        backoff = Backoff()
        while waiting:
            opened_at = time.monotonic()
            with contextlib.suppress(*LOST):
                path = f"/ws/lessons/{lesson.pk}/progress/"
                async with self.entrance.socket(path, self.session, self.web) as (web, socket):
                    opened_at = time.monotonic()
                    try:
                        await self._send(socket, lesson, waiting)
                    finally:
                        if waiting and socket.close_code is not None:
                            self.closes.append((web, socket.close_code))
            if waiting:
                await asyncio.sleep(backoff.delay(lasted=time.monotonic() - opened_at))

    def _tick(self, percentage: int) -> dict[str, Any]:
        self.ticks += 1
        return {
            "type": "progress",
            "player": self.session,
            "id": self.ticks,
            "watch_percentage": percentage,
            "timestamp": percentage,
        }

    async def _send(self, socket: ClientConnection, lesson: Lesson, waiting: deque[dict[str, Any]]) -> None:
        listening = asyncio.create_task(self._listen(socket, lesson, waiting))
        try:
            for tick in list(waiting):  # from the first that was not acked, in order
                if self.stopped and tick["id"] not in self._sent_at:
                    break
                self._sent_at[tick["id"]] = time.monotonic()
                self._first_sent_at.setdefault(tick["id"], self._sent_at[tick["id"]])
                await socket.send(json.dumps(tick))
                await asyncio.wait([listening], timeout=self.pace)
                if listening.done():
                    return
            while waiting and waiting[-1]["id"] not in self._sent_at:
                waiting.pop()  # told to stop
            if waiting:
                await asyncio.wait([listening], timeout=ACK_LIMIT)
        finally:
            listening.cancel()
            await asyncio.wait([listening])
            if not listening.cancelled():
                listening.result()

    async def _listen(self, socket: ClientConnection, lesson: Lesson, waiting: deque[dict[str, Any]]) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in socket:
                frame = json.loads(text)
                assert frame["type"] in ("welcome", "ping", "ack"), frame
                if frame["type"] == "ping":
                    await socket.send('{"type":"pong"}')
                elif frame["type"] == "welcome":
                    said, acked = frame["watch_percentage"], self._best.get(lesson.pk, 0)
                    assert said >= acked, f"{self.person.username}: {acked} % were acked, and {said} % are stored"
                elif frame["type"] == "ack":
                    self._acked(frame, lesson, waiting)
                    if not waiting:
                        return

    def _acked(self, frame: dict[str, Any], lesson: Lesson, waiting: deque[dict[str, Any]]) -> None:
        now = time.monotonic()
        while waiting and waiting[0]["id"] <= frame["id"]:
            tick = waiting.popleft()
            self.longest_wait = max(self.longest_wait, now - self._first_sent_at[tick["id"]])
        self._best[lesson.pk] = frame["watch_percentage"]
        seconds = now - self._sent_at[frame["id"]]
        self.acks.append(Acked(lesson.pk, frame["watch_percentage"], frame["completed"], now, seconds))


@contextlib.asynccontextmanager
async def at_work(*work: Coroutine[Any, Any, None]) -> AsyncIterator[Callable[[Coroutine[Any, Any, None]], None]]:
    """Do this, and what is added to it, meanwhile; what fails of it fails the test, whatever was waited for in vain."""
    tasks = [asyncio.create_task(each) for each in work]
    failure: Exception | None = None
    try:
        yield lambda more: tasks.append(asyncio.create_task(more))
    except Exception as failed:
        failure = failed
    finally:
        for task in tasks:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
    for result in done:
        if isinstance(result, Exception):
            raise result from failure
    if failure is not None:
        raise failure
