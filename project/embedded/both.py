"""Both servers, or one, as a test wants them: there from one line to another, on data that go with them."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from project.embedded.postgres import Postgres
from project.embedded.throwaway import throwaway
from project.embedded.valkey import Valkey


@dataclass(frozen=True, slots=True)
class Services:
    """Both servers, as a test wants them."""

    postgres: Postgres
    valkey: Valkey

    @property
    def database_url(self) -> str:
        return self.postgres.url

    @property
    def redis_url(self) -> str:
        return self.valkey.url


@contextlib.contextmanager
def services(folder: Path, *, durable: bool = False) -> Iterator[Services]:
    """Run both servers on the data under a folder, and end them.

    The folder stays whoever's it is. What had to lie outside it, as root, is empty at first and removed at the end,
    unless durable: then it is kept for the next durable run on the folder.
    """
    with contextlib.nullcontext() if durable else throwaway(folder) as place:
        both = Services(
            Postgres(folder, durable=durable, place=place),
            Valkey(folder, durable=durable, place=place),
        )
        try:
            both.postgres.start()
            both.valkey.start()
            both.postgres.wait_ready()
            both.valkey.wait_ready()
            yield both
        finally:
            both.valkey.stop()
            both.postgres.stop()


@contextlib.contextmanager
def valkey_alone(folder: Path) -> Iterator[Valkey]:
    """Run a Valkey alone, empty at first, and end it."""
    with throwaway(folder) as place:
        own = Valkey(folder, durable=False, place=place)
        try:
            own.start()
            own.wait_ready()
            yield own
        finally:
            own.stop()
