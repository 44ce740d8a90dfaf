"""The site as real processes, and clients that speak to it as players and pages do."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.utils import timezone
from psycopg.conninfo import conninfo_to_dict
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from progress.models import Lesson, Outbox, User

ROOT = Path(__file__).resolve().parent.parent
WITHIN = 15.0


async def until(condition: Callable[[], Any], *, within: float = WITHIN, what: str = "") -> Any:
    """Wait until `condition()` is true and return it; fail saying what was waited for."""
    deadline = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {within:g} s: {what or condition}"
        await asyncio.sleep(0.02)
    return found


def free_port() -> int:
    """A port that nobody listens on."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def address_of_test_database() -> str:
    """The address of the database that this run's tests use, for processes of their own."""
    chosen = conninfo_to_dict(settings.DATABASE_URL)
    name = connection.settings_dict["NAME"]
    return f"postgresql://{chosen['user']}:{chosen.get('password', '')}@{chosen['host']}:{chosen['port']}/{name}"


class Site:
    """Two web processes and a worker; each may be killed and started again."""

    web_command = (sys.executable, "-m", "project.server")

    def __init__(self, folder: Path, *, redis_url: str = "", webs: int = 2) -> None:
        self.folder = folder
        self.ports = [free_port() for _ in range(webs)]
        self.environment = {
            **os.environ,
            "DATABASE_URL": address_of_test_database(),
            "REDIS_URL": redis_url or settings.REDIS_URL,
            "LOG_LEVEL": "INFO",
            "PYTHONUNBUFFERED": "1",
            # One person is a whole class here, and plays faster than a film; tests/test_limits.py has these limits.
            "LIMIT_SOCKETS_PER_PERSON": "0",
            "LIMIT_TICKS_PER_SECOND": "0",
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as failed:
            failed.push(self.__exit__)
            for index in range(len(self.ports)):
                self.start(f"web{index}")
            self.start("worker")
            for index in range(len(self.ports)):
                self.wait_ready(index)
            failed.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.ExitStack() as ending:  # one that does not end keeps no other one running
            for name in list(self.processes):
                ending.callback(self.end, name)

    def address(self, index: int = 0) -> str:
        """Where web process `index` listens."""
        return f"127.0.0.1:{self.ports[index]}"

    def start(self, name: str) -> None:
        """Start `web0`, `web1` or `worker`."""
        command = self.web_command if name.startswith("web") else (sys.executable, "manage.py", name)
        port = str(self.ports[int(name[3:])]) if name.startswith("web") else ""
        environment = {**self.environment, "PORT": port or "0"}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    @contextlib.contextmanager
    def without_worker(self) -> Iterator[None]:
        """Others work on the same database, and this site's worker would tell what waits there before they do."""
        self.end("worker")
        try:
            yield
        finally:
            self.start("worker")

    def wait_ready(self, index: int) -> None:
        """Wait until web process `index` is ready."""
        deadline = time.monotonic() + 40
        while True:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"http://{self.address(index)}/readyz", timeout=2) as answer,
            ):
                if answer.status == 200:
                    return
            assert time.monotonic() < deadline, self.log(f"web{index}")
            time.sleep(0.05)

    def end(self, name: str, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the process to end; return its status."""
        process = self.processes.pop(name)
        process.send_signal(number)
        try:
            return process.wait(35)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def log(self, name: str) -> str:
        """What the process has said."""
        return (self.folder / f"{name}.log").read_text()


@dataclass(eq=False)
class Client:
    """A socket's client: collects frames, answers pings, waits for conditions."""

    socket: ClientConnection
    frames: list[dict[str, Any]] = field(default_factory=list)
    closed_with: int | None = None

    async def listen(self) -> None:
        """Collect frames until the socket closes."""
        with contextlib.suppress(ConnectionClosed):
            async for text in self.socket:
                frame = json.loads(text)
                if frame["type"] == "ping":
                    await self.tell({"type": "pong"})
                else:
                    self.take(frame)
        self.closed_with = self.socket.close_code

    def take(self, frame: dict[str, Any]) -> None:
        """Keep a frame."""
        self.frames.append(frame)

    async def tell(self, frame: dict[str, Any] | str | bytes) -> None:
        """Send a frame."""
        await self.socket.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    async def until(self, type: str, *, count: int = 1) -> dict[str, Any]:
        """Wait for the `count`th frame of a type and return it."""
        await until(lambda: len(self.of(type)) >= count, what=f"{count} × {type} in {self.frames}")
        return self.of(type)[count - 1]

    async def until_closed(self) -> int | None:
        """Wait for the close and return its code."""
        await until(lambda: self.closed_with is not None, what="a close")
        return self.closed_with

    def of(self, type: str) -> list[dict[str, Any]]:
        """The frames of a type so far."""
        return [frame for frame in self.frames if frame["type"] == type]


class Player(Client):
    """A student's player."""

    ticks = 0

    async def watch(self, *, to: float, position: float | None = None) -> dict[str, Any]:
        """Report a bare percentage and return the ack."""
        self.ticks += 1
        return await self.tick(id=self.ticks, watch_percentage=to, timestamp=to if position is None else position)

    async def tick(self, **fields: Any) -> dict[str, Any]:
        """Send a tick and return its ack."""
        acks = len(self.of("ack"))
        await self.tell({"type": "progress", **fields})
        return await self.until("ack", count=acks + 1)


class Viewer(Client):
    """A page with the feed: keeps position and list as our own page does."""

    def __init__(self, socket: ClientConnection) -> None:
        super().__init__(socket)
        self.position: dict[str, str] | None = None
        self.entries: dict[str, dict[str, Any]] = {}
        self.offsets: list[tuple[str, str]] = []

    def take(self, frame: dict[str, Any]) -> None:
        """Keep a frame, and do what it says."""
        super().take(frame)
        if frame["type"] in ("entries", "withdrawn"):
            self.position = {**(self.position or {}), **frame["position"]}
            self.offsets += list(frame["position"].items())
            for id in frame.get("ids", []):
                self.entries.pop(id, None)
            for entry in frame.get("entries", []):
                known = self.entries.get(entry["id"])
                if known is None or known["timestamp"] <= entry["timestamp"]:
                    self.entries[entry["id"]] = entry

    async def subscribe(self, position: dict[str, str] | None, **filters: Any) -> dict[str, Any]:
        """Subscribe and return the answer."""
        answers = len(self.of("subscribed"))
        self.position = position
        await self.tell({"type": "subscribe", "position": position, "filters": filters, "presence": False})
        return await self.until("subscribed", count=answers + 1)

    async def until_shown(self, type: str) -> dict[str, Any]:
        """Wait until an entry of a type is on the list and return it."""
        found = await until(
            lambda: [each for each in self.entries.values() if each["type"] == type],
            what=f"an entry of type {type} in {self.frames}",
        )
        return dict(found[-1])

    def list(self) -> list[dict[str, Any]]:
        """The list as the page shows it: newest first."""
        order = lambda entry: (entry["timestamp"], entry["type"], int(entry["id"].split(":")[1]))  # noqa: E731
        return sorted(self.entries.values(), key=order, reverse=True)


class Live:
    """Clients of a running site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._open = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def session(self, person: User) -> str:
        """Sign in and return the session's key."""

        def sign_in() -> str:
            store = SessionStore()
            store[SESSION_KEY] = str(person.pk)
            store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
            store[HASH_SESSION_KEY] = person.get_session_auth_hash()
            store.create()
            return str(store.session_key)

        return await sync_to_async(sign_in)()

    async def http(self, person: User, *, web: int = 0) -> httpx.AsyncClient:
        """A browser of this person's, with the CSRF cookie and header set."""
        token = "x" * 32
        client = httpx.AsyncClient(
            base_url=f"http://{self.site.address(web)}",
            cookies={"sessionid": await self.session(person), "csrftoken": token},
            headers={"X-CSRFToken": token},
            timeout=WITHIN,
        )
        return await self._open.enter_async_context(client)

    @contextlib.asynccontextmanager
    async def stopped(self, name: str) -> AsyncIterator[None]:
        """Without one of the processes, for a while."""
        self.site.end(name)
        try:
            yield
        finally:
            self.site.start(name)

    async def untell(self) -> None:
        """Take the done-marks off the outbox, and make its references old: as a killed process leaves them."""
        async with asyncio.timeout(WITHIN):
            while await Outbox.objects.filter(live_done_at=None).aexists():
                await asyncio.sleep(0.02)  # whoever tells them is about to mark them
        await Outbox.objects.aupdate(live_done_at=None, at=timezone.now() - timedelta(seconds=10))

    async def snapshot(self, person: User, *, web: int = 0, limit: int = 200, **filters: Any) -> dict[str, Any]:
        """The API's answer to a page load."""
        answer = await (await self.http(person, web=web)).get("/api/feed/", params={"limit": limit, **filters})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    @contextlib.asynccontextmanager
    async def socket(
        self,
        path: str,
        person: User | None,
        kind: type[Client] = Client,
        *,
        web: int = 0,
        origin: str | None = "",
        session: str = "",
        source: str = "127.0.0.1",
    ) -> AsyncIterator[Any]:
        """An open socket as this person, on a session of its own or a given one; `origin` None sends none.

        `source` is the address that it comes from.
        """
        key = session or (await self.session(person) if person else "")
        cookie = f"sessionid={key}" if key else "none=1"
        address = self.site.address(web)
        chosen = f"http://{address}" if origin == "" else origin
        headers = {"Cookie": cookie, **({"Origin": chosen} if chosen else {})}
        async with connect(
            f"ws://{address}{path}", additional_headers=headers, max_size=None, local_addr=(source, 0)
        ) as opened:
            client = kind(opened)
            listening = asyncio.create_task(client.listen())
            try:
                yield client
            finally:
                await opened.close()
                await listening

    @contextlib.asynccontextmanager
    async def player(self, person: User, lesson: Lesson, *, web: int = 0) -> AsyncIterator[Player]:
        """A student's player on a lesson, welcomed."""
        async with self.socket(f"/ws/lessons/{lesson.pk}/progress/", person, Player, web=web) as player:
            await player.until("welcome")
            yield player

    @contextlib.asynccontextmanager
    async def feed(self, person: User, *, web: int = 0, session: str = "", **filters: Any) -> AsyncIterator[Viewer]:
        """A page with the feed: snapshot taken, subscribed from its position."""
        taken = await self.snapshot(person, web=web, **filters)
        async with self.socket("/ws/feed/", person, Viewer, web=web, session=session) as viewer:
            viewer.entries = {entry["id"]: entry for entry in taken["entries"]}
            answer = await viewer.subscribe(taken["position"], **filters)
            assert answer["recovered"], answer
            yield viewer
