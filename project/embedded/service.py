"""A server as one process: with a place for its data, its port, its password and its log."""

import os
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path

from project.embedded.place import leave_link, place_of, service_user
from project.embedded.ports import PORTS, is_free
from project.running.process import Process
from project.running.refused import Refused
from project.running.waiting import eventually


class Service(Process):
    """A server with a folder of its own: its data, its port, its password, its log.

    Start it from a main thread: it ends with the thread that started it. It listens on 127.0.0.1 only, with a random
    password kept beside its data. Where no other place is given, the data stay for the next run on the same folder.
    """

    def __init__(self, name: str, folder: Path, *, stop_signal: int, durable: bool, place: Path | None) -> None:
        user = service_user()
        self.place = (place or place_of(folder, user)) / name
        self.data = self.place / "data"
        self.durable = durable
        # Nothing of our environment: PGPORT, PGDATA or LD_LIBRARY_PATH would lead a server astray.
        env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(self.place)}
        super().__init__(name, [], env=env, folder=self.place, user=user, stop_signal=stop_signal, stop_within=20)
        self.place.mkdir(mode=0o711 if user else 0o700, exist_ok=True)
        leave_link(folder / name, self.place)
        self.port = self._free_port()
        self.password = self._kept("password", secrets.token_hex(16))
        self.prepare()

    @property
    def url(self) -> str:
        """Its address, with the password."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Make its data where there is none, and know its command."""
        raise NotImplementedError

    def start(self, *, output: int | None = None, inherit: Sequence[int] = ()) -> None:
        """Start it; what it says goes to its log, unless somebody else listens."""
        if output is not None:
            super().start(output=output, inherit=inherit)
            return
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            super().start(output=log, inherit=inherit)
        finally:
            os.close(log)

    @property
    def log(self) -> Path:
        """Where its words go when nobody listens."""
        return self.place / "log"

    def wait_ready(self, within: float = 60.0) -> None:
        """Wait until it answers; say what it said last where it does not."""
        eventually(lambda: self.answers() or not self.running, within)
        if not self.answers():
            last = self.log.read_text(errors="replace").splitlines()[-5:] if self.log.exists() else []
            raise Refused(f"{self.name} did not get ready: " + " / ".join(last))

    def _own(self, path: Path) -> Path:
        """Give a folder or file to the user whom the server runs as."""
        if self.user:
            os.chown(path, self.user.uid, self.user.gid)
        return path

    def _write(self, name: str, text: str) -> None:
        with tempfile.NamedTemporaryFile("w", dir=self.place, delete=False) as fresh:  # mode 0600
            fresh.write(text)
        self._own(Path(fresh.name)).replace(self.place / name)

    def _kept(self, name: str, fresh: str) -> str:
        """Return what the file beside the data says; where there is none, keep this in it."""
        if not (self.place / name).exists():
            self._write(name, fresh)
        return (self.place / name).read_text().strip()

    def _free_port(self) -> int:
        """Return the port used last time, or another where somebody else has it now."""
        port = int(self._kept("port", str(secrets.choice(PORTS))))
        while not is_free(port):
            port = secrets.choice(PORTS)
        self._write("port", str(port))
        return port
