"""The servers of a run: of one kind each, which is a ground.

Grounds: `plain`; `faked web`, where web processes and worker have a clock of their own, and `faked database`, where
PostgreSQL has (Debian's faketime); `small disk`, where PostgreSQL's folder is a file system of its own (root may mount
one).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from platform import machine

from project.embedded import Postgres, Valkey
from project.embedded.throwaway import throwaway

FAKETIME = sorted(Path("/usr/lib").glob(f"{machine()}-*/faketime/libfaketimeMT.so.1"))
DISK_BYTES = 256 << 20
_FAKED = {"FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}

SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "project.settings",
    "DEBUG": "true",
    "SECRET_KEY": "for chaos only",
    "LOG_LEVEL": "INFO",
    "REDIS_PREFIX": "chaos",
}


@dataclass
class Servers:
    """PostgreSQL and Valkey of the run's own, and what processes need to be started beside them."""

    folder: Path
    postgres: Postgres
    valkey: Valkey
    environment: dict[str, str]
    clock: Path
    """The file that says how far off the clocks are of whoever has one of their own."""


def missing(ground: str) -> str:
    """What this machine lacks for a ground; "" where nothing."""
    if ground.startswith("faked") and not FAKETIME:
        return "faketime is not installed (Debian: apt-get install faketime)"
    if ground == "small disk" and not _may_mount():
        return "only root may mount a file system, and needs unshare"
    return ""


def _may_mount() -> bool:
    if os.geteuid() != 0 or not shutil.which("unshare"):
        return False
    return subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0


@contextlib.contextmanager
def servers(ground: str) -> Iterator[Servers]:
    """Run both servers, with what this ground has, and say where they are to settings."""
    with (
        tempfile.TemporaryDirectory(prefix="feed-chaos-") as name,
        throwaway(Path(name)) as place,
        contextlib.ExitStack() as ending,
    ):
        folder = Path(name)
        clock = folder / "clock"
        clock.write_text("+0\n")
        folder.chmod(0o755)
        faked = {"LD_PRELOAD": str(FAKETIME[0]), "FAKETIME_TIMESTAMP_FILE": str(clock), **_FAKED} if FAKETIME else {}
        if ground == "small disk":
            ending.enter_context(_small_disk((place or folder) / "postgres"))
        postgres = Postgres(folder, durable=True, place=place)
        valkey = Valkey(folder, durable=False, place=place)
        if ground == "faked database":
            postgres.env |= faked
        for each in (postgres, valkey):
            ending.callback(each.stop)
            each.start()
        for each in (postgres, valkey):
            each.wait_ready()
        os.environ |= {**SETTINGS, "DATABASE_URL": postgres.url, "REDIS_URL": valkey.url, "MEDIA_ROOT": f"{name}/media"}
        own = faked if ground == "faked web" else {}
        yield Servers(folder, postgres, valkey, own, clock)


@contextlib.contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    # In a namespace of this process's own (tests.chaos uses unshare), which goes with the last process in it.
    folder.mkdir(mode=0o711)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0711", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
