"""Pages that follow the feed, over the socket or by asking, and keep their list by the rules of js/feed-order.js."""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection

from progress.models import User
from tests.live import Client, Live

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows: the filters as the API takes them, the same said in plain Python, and how many rows."""

    name: str
    filters: dict[str, Any] = field(default_factory=dict)
    wants: Callable[[Entry], bool] = lambda entry: True
    limit: int = 200


def newest_first(entries: Iterable[Entry], limit: int) -> list[Entry]:
    """The first rows, descending by timestamp, type as ASCII text and number of the id."""
    place = lambda entry: (entry["timestamp"], entry["type"].encode(), int(entry["id"].split(":")[1]))  # noqa: E731
    return sorted(entries, key=place, reverse=True)[:limit]


class Page(ABC):
    """A page of one person's with one view, on one web process; begins with a snapshot and goes on from its position.

    `came` is what came after a snapshot, `seen` everything by its id, `replaced` how often a row gave way to what came
    later of it, `gone` which ids were taken back.
    """

    way = ""

    def __init__(self, browser: httpx.AsyncClient, person: User, view: View, web: int) -> None:
        self.person, self.view, self.web = person, view, web
        self.rows: list[Entry] = []
        self.position: dict[str, str] = {}
        self.came: list[Entry] = []
        self.seen: dict[str, Entry] = {}
        self.replaced: Counter[str] = Counter()
        self.gone: set[str] = set()
        self.snapshots = self.refills = 0
        self._browser = browser
        self._tasks: set[asyncio.Task[None]] = set()

    def __str__(self) -> str:
        return f"{self.person.username}, {self.view.name}, {self.way}, web{self.web}"

    @abstractmethod
    async def begin(self) -> None:
        """Take a snapshot, also anew, and follow from its position."""

    async def snapshot(self) -> dict[str, Any]:
        """The first rows as they are now."""
        answer = await self._browser.get("/api/feed/", params={"limit": self.view.limit, **self.view.filters})
        assert answer.status_code == 200, f"{self}: {answer.text}"
        return dict(answer.json())

    async def replace_all(self) -> None:
        """Begin with what a snapshot has, and no other rows."""
        taken = await self.snapshot()
        self.snapshots += 1
        self.rows, self.position = [], taken["position"]
        self.apply(taken["entries"])

    def apply(self, entries: list[Entry]) -> None:
        """Entries came: each replaces the one with its id unless it is older, and the list is the first rows."""
        self.seen |= {entry["id"]: entry for entry in entries}
        known = {entry["id"]: entry for entry in self.rows}
        for entry in entries:
            before = known.get(entry["id"], entry)["timestamp"]
            if entry["timestamp"] >= before:
                known[entry["id"]] = entry
                self.replaced[entry["id"]] += entry["timestamp"] > before
        self.rows = newest_first(known.values(), self.view.limit)

    def withdraw(self, ids: Collection[str]) -> None:
        """Entries are gone; a list that was full is refilled."""
        was_full = len(self.rows) == self.view.limit
        self.gone.update(ids)
        self.rows = [entry for entry in self.rows if entry["id"] not in ids]
        if was_full and len(self.rows) < self.view.limit:
            self.later(self._refill())

    async def _refill(self) -> None:
        self.refills += 1
        while True:
            begun = self.snapshots
            entries = (await self.snapshot())["entries"]
            standing = [entry for entry in entries if entry["id"] not in self.gone]
            if begun == self.snapshots and len(standing) == len(entries):
                return self.apply(standing)
            # Asked before the page began anew, or before something in it was taken back.

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside what goes on coming."""
        self._tasks.add(asyncio.create_task(work))

    async def idle(self) -> None:
        """Wait until that is done."""
        while self._tasks:
            await self._tasks.pop()


class Asking(Page):
    """A page without a socket: `POST /api/feed/after/`."""

    way = "polling"

    async def begin(self) -> None:
        await self.replace_all()

    async def poll(self) -> None:
        """Ask what came since."""
        answer = await self._browser.post(
            "/api/feed/after/", json={"position": self.position, "filters": self.view.filters}
        )
        assert answer.status_code == 200, f"{self}: {answer.text}"
        told = answer.json()
        if told["reset"]:
            await self.begin()
            return
        once = {entry["id"]: entry for entry in told["entries"]}
        assert told["entries"] == newest_first(once.values(), len(once) + 1), f"{self}: not each once, newest first"
        self.came += told["entries"]
        self.position = told["position"]
        self.apply(told["entries"])
        self.withdraw(told["withdrawn"])
        await self.idle()


class _Socket(Client):
    """A socket that hands its frames on."""

    hand: Callable[[dict[str, Any]], None]

    def __init__(self, socket: ClientConnection) -> None:
        super().__init__(socket)
        self.hand = lambda frame: None

    def take(self, frame: dict[str, Any]) -> None:
        super().take(frame)
        self.hand(frame)


class Subscribed(Page):
    """A page on the feed's socket."""

    way = "socket"

    def __init__(self, browser: httpx.AsyncClient, person: User, view: View, web: int, socket: _Socket) -> None:
        super().__init__(browser, person, view, web)
        self.live = False
        self._socket = socket
        socket.hand = self.hear

    async def begin(self) -> None:
        await self.replace_all()
        await self.subscribe()

    async def subscribe(self) -> None:
        """Go on from the snapshot's position."""
        await self._socket.tell({"type": "subscribe", "position": self.position, "filters": self.view.filters})

    def hear(self, frame: dict[str, Any]) -> None:
        """Do what a frame says."""
        if frame["type"] == "subscribed":
            self.live = frame["recovered"]
            if not self.live:
                self.later(self.begin())
        elif frame["type"] == "reset":
            if self.live:
                self.later(self.begin())
            self.live = False
        elif self.live and frame["type"] in ("entries", "withdrawn"):
            self.position = {**self.position, **frame["position"]}
            self.came += frame.get("entries", [])
            self.apply(frame.get("entries", []))
            self.withdraw(frame.get("ids", []))

    async def answered(self) -> None:
        """Wait for the answer to a frame of no meaning: what was on its way before has come by then."""
        answers = len(self._socket.of("error"))
        await self._socket.tell({"type": "nothing"})
        await self._socket.until("error", count=answers + 1)


@contextlib.asynccontextmanager
async def on_a_socket(
    live: Live, browser: httpx.AsyncClient, person: User, view: View, web: int
) -> AsyncIterator[Subscribed]:
    """A page with a snapshot and an open socket, not subscribed yet."""
    session = browser.cookies["sessionid"]
    async with live.socket("/ws/feed/", person, _Socket, web=web, session=session) as socket:
        page = Subscribed(browser, person, view, web, socket)
        await page.replace_all()
        yield page
