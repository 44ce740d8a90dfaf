"""What every system that is measured says of itself."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.target import Target


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What systems find when they start: services, a folder for their files, who may watch."""

    folder: Path
    environment: dict[str, str] = field(repr=False)  # a test that fails shows what it was given
    redis_url: str
    cookies: list[str] = field(repr=False)
    """Sessions of administrators, for the system that asks who somebody is."""

    students: list[str] = field(default_factory=list, repr=False)
    """Sessions of students."""

    lessons: list[int] = field(default_factory=list)
    """Lessons that nobody has watched yet; whoever lets a class in takes one off."""

    instructors: list[str] = field(default_factory=list, repr=False)
    """Sessions of those who teach the students' course."""

    postgres: int = 0
    valkey: int = 0
    """The services' process ids."""


class System(ABC):
    """One system: one server process on one port, with all limits off."""

    name: str
    title: str
    publisher: str = ""
    """The module of tests.bench.publishing."""

    def missing(self) -> str:
        """Why it cannot be measured here; nothing where it can."""
        return ""

    def lent(self) -> contextlib.AbstractContextManager[None]:
        """What has to be there while it runs, and is taken away afterwards."""
        return contextlib.nullcontext()

    @abstractmethod
    def command(self, around: Surroundings, port: int) -> list[str]:
        """The command that serves in the foreground."""

    def environment(self, around: Surroundings, port: int) -> dict[str, str]:
        """The server's environment."""
        return around.environment

    def publishes_to(self, around: Surroundings, port: int) -> str:
        """The address that its publisher is given."""
        return around.redis_url

    def publishing(self, around: Surroundings) -> dict[str, str]:
        """The publisher's environment."""
        return around.environment

    @abstractmethod
    def target(self, around: Surroundings, port: int) -> Target:
        """Where sockets that begin now are opened, and how."""
