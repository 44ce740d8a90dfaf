"""Viewers who come and go: each breaks its connection every few seconds and comes back with its position.

`python -m tests.bench.returning`, commands on standard input (tests.bench.child). They read every frame, as a page
does: what they were told over all their connections is counted, and how long each took to be subscribed again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.bench.load import share
from tests.bench.told import Told, moment

STAYS = (1.0, 3.0)
AWAY = (0.0, 0.5)
"""Seconds, by chance, as a train's passengers have a network and none."""


@dataclass(eq=False, slots=True)
class Viewer:
    """One person and what was heard so far; `until` is where the group is at the end, once that is known."""

    port: int
    cookie: str
    position: dict[str, str]
    random: Random
    told: Told = field(default_factory=Told)
    took: list[int] = field(default_factory=list)
    until: dict[str, str] | None = None
    wrong: str = ""

    async def watch(self) -> None:
        """Come and go until all is heard."""
        while not self._has_all and not self.wrong:
            await self._stay(self.random.uniform(*STAYS))
            await asyncio.sleep(self.random.uniform(*AWAY))

    @property
    def _has_all(self) -> bool:
        return self.until is not None and self.position == self.until

    async def _stay(self, seconds: float) -> None:
        began = time.monotonic_ns()
        origin: Any = f"http://127.0.0.1:{self.port}"
        headers = {"Cookie": self.cookie}
        address = f"ws://127.0.0.1:{self.port}/ws/feed/"
        async with connect(
            address, origin=origin, additional_headers=headers, compression=None, ping_interval=None
        ) as socket:
            asked = {"type": "subscribe", "position": self.position, "filters": {}, "presence": False}
            await socket.send(json.dumps(asked))
            with contextlib.suppress(TimeoutError, ConnectionClosed):
                async with asyncio.timeout(seconds):
                    while not self._has_all and not self.wrong:
                        await self._hear(socket, json.loads(await socket.recv()), began)
            socket.transport.abort()  # without a word, as a network that is gone

    async def _hear(self, socket: ClientConnection, frame: dict[str, Any], began: int) -> None:
        if frame["type"] == "entries":
            for entry in frame["entries"]:
                self.told.add(moment(entry["timestamp"].encode()))
            self.position |= frame["position"]
        elif frame["type"] == "subscribed" and frame["recovered"]:
            self.took.append(time.monotonic_ns() - began)
        elif frame["type"] == "ping":
            await socket.send('{"type":"pong"}')
        else:
            self.wrong = json.dumps(frame)[:200]


class Crowd:
    """All of them."""

    def __init__(self) -> None:
        self.viewers: list[Viewer] = []
        self.watching: list[asyncio.Task[None]] = []
        self.began = self.processor = 0.0

    async def begin(self, *, port: int, cookies: list[str], position: dict[str, str]) -> dict[str, Any]:
        """Let them come, each with the position that is given."""
        self.began, self.processor = time.monotonic(), time.process_time()
        self.viewers = [Viewer(port, each, dict(position), Random(number)) for number, each in enumerate(cookies)]
        self.watching = [asyncio.create_task(viewer.watch()) for viewer in self.viewers]
        return {}

    async def finish(self, *, position: dict[str, str], limit: float) -> dict[str, Any]:
        """Let each come and go until it is where the others are; say what each was told."""
        busy = (time.process_time() - self.processor) / (time.monotonic() - self.began)
        for viewer in self.viewers:
            viewer.until = position
        _, late = await asyncio.wait(self.watching, timeout=limit)
        for task in late:
            task.cancel()
        ended = await asyncio.gather(*self.watching, return_exceptions=True)
        wrong = [each.wrong for each in self.viewers if each.wrong]
        wrong += [repr(error) for error in ended if error is not None]
        took = sorted(ms for viewer in self.viewers for ms in viewer.took)
        return {
            "wrong": wrong,
            "told": [asdict(viewer.told) for viewer in self.viewers],
            "recoveries": len(took),
            "p50": share(took, 0.50),
            "p99": share(took, 0.99),
            "busy": busy,
        }


async def main() -> None:
    """Do as commanded until the input ends."""
    crowd = Crowd()
    commands: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {"begin": crowd.begin, "finish": crowd.finish}
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        answer = await commands[command.pop("do")](**command)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
