"""Who takes ticks: ours, and the same by the book through the ORM."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass

from tests.bench.systems.channels import DAPHNE
from tests.bench.systems.system import Surroundings


@dataclass(frozen=True, slots=True)
class Door:
    """Where ticks go and how an answer is known."""

    path: str
    ack: str
    ready: str = ""
    http: bool = False


class TickServer(ABC):
    """One server process that takes ticks."""

    name: str
    title: str

    @abstractmethod
    def command(self, port: int) -> list[str]:
        """The command that serves in the foreground."""

    def environment(self, around: Surroundings, port: int) -> dict[str, str]:
        """The server's environment."""
        return {**around.environment, "PORT": str(port)}

    @abstractmethod
    def door(self, lesson_id: int) -> Door:
        """Where ticks of a lesson go."""


class Ours(TickServer):
    """The live feed: coverage, budget, outbox, spans and broadcast on."""

    name = "ours"
    title = "ours"

    def command(self, port: int) -> list[str]:
        """The web server."""
        return [sys.executable, "-m", "project.server"]

    def door(self, lesson_id: int) -> Door:
        """The student's socket."""
        return Door(f"/ws/lessons/{lesson_id}/progress/", ack='"type":"ack"', ready='"type":"welcome"')


class OursLimited(Ours):
    """The same with the limits that a site has by itself; the bench has none otherwise."""

    name = "ours-limited"
    title = "ours, with its limits"

    def environment(self, around: Surroundings, port: int) -> dict[str, str]:
        """Without the settings that lift them."""
        named = super().environment(around, port)
        return {name: value for name, value in named.items() if not name.startswith("LIMIT_")}


class OursWithoutSpans(Ours):
    """The same, but that nobody keeps when, how often and how fast something was watched."""

    name = "ours-without-spans"
    title = "ours, without watched spans"

    def command(self, port: int) -> list[str]:
        """The web server with that one thing left out."""
        return [sys.executable, "-m", "tests.bench.servers.without_spans"]


class Orm(TickServer):
    """Saved through the ORM, over HTTP or over a stock consumer."""

    def __init__(self, name: str, title: str, *, http: bool) -> None:
        self.name, self.title, self._http = name, title, http

    def command(self, port: int) -> list[str]:
        """Daphne."""
        return [sys.executable, *DAPHNE, "-p", str(port), "tests.bench.servers.orm_app:application"]

    def door(self, lesson_id: int) -> Door:
        """A view or a consumer."""
        if self._http:
            return Door(f"/lessons/{lesson_id}/", ack='"success": true', http=True)
        return Door(f"/lessons/{lesson_id}/", ack='"type": "ack"', ready='"type": "welcome"')


OURS = Ours()
LIMITED = OursLimited()
WITHOUT_SPANS = OursWithoutSpans()
ORM_HTTP = Orm("orm-http", "a Django view, saved through the ORM", http=True)
ORM_CHANNELS = Orm("orm-channels", "a stock Channels consumer, saved through the ORM", http=False)
