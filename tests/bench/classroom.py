"""A classroom: one server that takes ticks, and a class of players before it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from project.running.process import Process
from tests.bench.child import Child, Failed
from tests.bench.contender import WAVE
from tests.bench.ports import free_port
from tests.bench.serving import serving
from tests.bench.systems.system import Surroundings
from tests.bench.systems.ticking import TickServer


@dataclass(slots=True)
class Classroom:
    """One server with its players."""

    system: TickServer
    around: Surroundings
    port: int
    server: Process
    load: Child

    path: str = ""
    """Where its present lesson's ticks go."""

    def connect(self, players: int, *, wave: int = WAVE, addresses: int = 1) -> float:
        """Seat so many players on a lesson that nobody has watched yet; return the seconds that took."""
        if not self.around.lessons:
            raise Failed("no lesson is left that nobody has watched (sizes.py, `lessons`)")
        door = self.system.door(self.around.lessons.pop())
        self.path = door.path
        seen = self.load.ask(
            "connect",
            within=130,
            limit=120,
            port=self.port,
            path=door.path,
            cookies=self.around.students[:players],
            wave=wave,
            addresses=addresses,
            http=door.http,
            ready=door.ready,
            ack=door.ack,
        )
        if seen["players"] != players:
            raise Failed(f"{seen['players']} of {players} players seated, {seen['lost']} lost. {seen['why']}")
        return float(seen["seconds"])

    def take_places(self) -> None:
        """Have each report what was watched before."""
        self._whole(self.load.ask("take_places", within=130))

    def closed(self, seconds: float) -> dict[str, Any]:
        """Let each send as fast as it is answered."""
        return self._whole(self.load.ask("closed", within=seconds + 40, seconds=seconds))

    def open(self, rate: float, seconds: float) -> dict[str, Any]:
        """Let so many ticks come in a second."""
        return self._whole(self.load.ask("open", within=seconds + 60, rate=rate, seconds=seconds))

    @staticmethod
    def _whole(seen: dict[str, Any]) -> dict[str, Any]:
        if seen["lost"] or seen["unanswered"]:
            raise Failed(f"{seen['lost']} players lost, {seen['unanswered']} ticks unanswered. {seen['why']}")
        return seen


@contextlib.contextmanager
def classroom(system: TickServer, around: Surroundings) -> Iterator[Classroom]:
    """Start a server and its class; end them by their own ids."""
    port = free_port()
    log = around.folder / f"{system.name}.log"
    environment = system.environment(around, port)
    with (
        serving(system.title, system.command(port), environment, port=port, log=log) as server,
        Child("tests.bench.tick_load", env=os.environ, log=log) as load,
    ):
        yield Classroom(system, around, port, server, load)
