"""A contender: a system with its server running, its sockets open, and somebody who publishes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from project.running.process import Process
from tests.bench.child import Child, Failed
from tests.bench.ports import free_port
from tests.bench.serving import serving
from tests.bench.systems.system import Surroundings, System

WAVE = 32
"""Sockets that are opening at a time: fewer than the queue of connections that a server has not accepted."""

SAMPLES = 100
"""Sockets, or a few more, on which moments are read; on the others entries are only counted."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One system in the ring."""

    system: System
    around: Surroundings
    port: int
    server: Process
    load: Child
    publisher: Child | None

    def connect(self, count: int) -> None:
        """Open sockets and see that entries reach them all."""
        self.aim()
        self._reached(
            self.load.ask("connect", count=count, limit=120, goal=0, retry=False, **self._waves(count), within=130)
        )
        if self.publisher:
            self.burst(10, within=60)

    def aim(self) -> None:
        """Tell the load client where sockets are opened from now on; ours begin at the present position."""
        self.load.ask("aim", **self.system.target(self.around, self.port).as_command())

    def burst(self, entries: int, *, within: float) -> dict[str, Any]:
        """Publish at once, and say what was seen until the last socket had all."""
        return self._publish("burst", entries, within, count=entries)

    def steady(self, rate: float, seconds: float, *, within: float, **how: int) -> dict[str, Any]:
        """Publish at a rate (tests.bench.publisher says how), and say what was seen until the last socket had all."""
        return self._publish("steady", int(rate * seconds), within, rate=rate, seconds=seconds, **how)

    def deafen(self) -> None:
        """Open one more socket, which is joined and never read."""
        self.aim()
        self.load.ask("deafen")

    def undeafen(self) -> bool:
        """Close it; return whether the server had ended it by then."""
        return bool(self.load.ask("undeafen")["ended"])

    def again(self, count: int, *, missed: int, within: float) -> dict[str, Any]:
        """Break all connections, publish what they miss, open all at once; say when all had all."""
        self.aim()
        self.load.ask("drop")
        self.publish(missed)
        waves = {**self._waves(count), "wave": count}
        return self._reached(
            self.load.ask("connect", count=count, limit=within, goal=missed, retry=True, **waves, within=within + 10)
        )

    def publish(self, entries: int) -> None:
        """Publish at once, whoever hears it."""
        if self.publisher is None:
            raise Failed("it has no publisher")
        self.publisher.ask("burst", count=entries)

    def _publish(self, do: str, entries: int, within: float, **arguments: Any) -> dict[str, Any]:
        if self.publisher is None:
            raise Failed("it has no publisher")
        self.load.ask("arm", goal=entries)
        self.publisher.tell(do, **arguments)
        seen = self._reached(self.load.ask("wait", limit=within, within=within + 10))
        published = self.publisher.answer(within=within)
        if seen["total"] != entries * seen["sockets"]:
            raise Failed(f"{seen['total']} deliveries, not {entries} × {seen['sockets']}")
        return {**seen, "entries": entries, "published": published["began"]}

    def _reached(self, seen: dict[str, Any]) -> dict[str, Any]:
        if not seen["reached"]:
            raise Failed(
                f"not in time: {seen['sockets']} sockets, {seen['joining']} joining, {seen['lost']} lost, "
                f"{seen['retried']} opened again; {seen['total']} deliveries, "
                f"{seen['goal']} due to each, {seen['least']} to the last. {seen['why']}"
            )
        return seen

    @staticmethod
    def _waves(count: int) -> dict[str, int]:
        return {"wave": WAVE, "every": max(1, count // SAMPLES)}


@contextlib.contextmanager
def contender(system: System, around: Surroundings, *, sockets: int = 0) -> Iterator[Contender]:
    """Start a system's server, a publisher and a load client; end them by their own ids."""
    port = free_port()
    environment = system.environment(around, port)
    log = around.folder / f"{system.name}.log"
    with contextlib.ExitStack() as running:
        running.enter_context(system.lent())
        started = serving(system.title, system.command(around, port), environment, port=port, log=log)
        server = running.enter_context(started)
        load = running.enter_context(Child("tests.bench.load", env=os.environ, log=log))
        publisher = None
        if system.publisher:
            address = system.publishes_to(around, port)
            publisher = running.enter_context(
                Child("tests.bench.publisher", system.publisher, address, env=system.publishing(around), log=log)
            )
        entered = Contender(system, around, port, server, load, publisher)
        if sockets:
            entered.connect(sockets)
        yield entered
