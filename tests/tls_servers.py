"""Debian's Redis and PostgreSQL, which speak TLS as the embedded ones cannot; they take nobody in who does not."""

from __future__ import annotations

import contextlib
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import redis

from project.embedded import Postgres
from project.embedded.service import Service
from project.embedded.throwaway import throwaway
from project.running.refused import Refused
from tests.certificates import Authority

HOST = "localhost"


def postgres_binaries() -> Path:
    """The folder of the newest PostgreSQL server of this machine."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    found = debian[-1] if debian else shutil.which("postgres")
    if found is None:
        raise Refused("PostgreSQL's server is missing: install it (on Debian, as root: apt-get install postgresql).")
    return Path(found).resolve().parent


def redis_server() -> str:
    """The Redis server of this machine."""
    found = shutil.which("redis-server")
    if found is None:
        raise Refused("redis-server is missing: install it (on Debian, as root: apt-get install redis-server).")
    return found


class TlsRedis(Service):
    """Redis that listens for TLS alone."""

    def __init__(self, folder: Path, authority: Authority, *, place: Path | None) -> None:
        self._authority = authority
        super().__init__("redis", folder, stop_signal=signal.SIGTERM, durable=False, place=place)

    @property
    def url(self) -> str:
        return f"rediss://:{self.password}@{HOST}:{self.port}/0?ssl_ca_certs={self._authority.file}"

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def prepare(self) -> None:
        certificate, key = self._authority.issue(HOST)
        for name, text in (("server.pem", certificate), ("server.key", key), ("ca.pem", self._authority.text)):
            self._write(name, text)
        lines = [
            "bind 127.0.0.1",
            "port 0",
            f"tls-port {self.port}",
            f"tls-cert-file {self.place}/server.pem",
            f"tls-key-file {self.place}/server.key",
            f"tls-ca-cert-file {self.place}/ca.pem",
            "tls-auth-clients no",
            f"requirepass {self.password}",
            f"dir {self.place}",
            "daemonize no",
            'save ""',
        ]
        self._write("redis.conf", "\n".join(lines) + "\n")
        self._own(self.place)
        self.command = [redis_server(), f"{self.place}/redis.conf"]


class TlsPostgres(Postgres):
    """PostgreSQL that takes passwords, and those over TLS alone."""

    def __init__(self, folder: Path, authority: Authority, *, place: Path | None) -> None:
        self._authority = authority
        super().__init__(folder, durable=False, place=place)

    @property
    def url(self) -> str:
        return (
            f"postgres://feed:{self.password}@{HOST}:{self.port}/feed"
            f"?sslmode=verify-full&sslrootcert={self._authority.file}"
        )

    def prepare(self) -> None:
        binaries = postgres_binaries()
        self._make(binaries)
        certificate, key = self._authority.issue(HOST)
        for name, text in (("server.pem", certificate), ("server.key", key)):
            self._write(name, text)
        self._write("pg_hba.conf", "hostssl all all 127.0.0.1/32 scram-sha-256\n")
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "hba_file": f"{self.place}/pg_hba.conf",
            "ssl": "on",
            "ssl_cert_file": f"{self.place}/server.pem",
            "ssl_key_file": f"{self.place}/server.key",
            "fsync": "off",
            "synchronous_commit": "off",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.command = [str(binaries / "postgres"), "-D", str(self.data), *options]

    def _make(self, binaries: Path) -> None:
        # As the embedded one's, but that PostgreSQL before 17 knows no locale of its own.
        self.data.mkdir(mode=0o700)
        self._own(self.data)
        access = ["--username=feed", "--auth=scram-sha-256", f"--pwfile={self.place / 'password'}"]
        encoding = ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        self._do([str(binaries / "initdb"), "-D", str(self.data), *encoding, *access])
        alone = [str(binaries / "postgres"), "--single", "-D", str(self.data), "postgres"]
        self._do(["sh", "-c", 'echo "CREATE DATABASE feed" | "$@"', "sh", *alone])


@contextlib.contextmanager
def tls_servers(folder: Path, authority: Authority) -> Iterator[tuple[TlsRedis, TlsPostgres]]:
    """Run both; started from the main thread, they end with it."""
    with throwaway(folder) as place, contextlib.ExitStack() as running:
        both = TlsRedis(folder, authority, place=place), TlsPostgres(folder, authority, place=place)
        for server in both:
            running.callback(server.stop)
            server.start()
        for server in both:
            server.wait_ready()
        yield both
