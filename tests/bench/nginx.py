"""Nginx and its nchan module: this machine's own, or Debian's packages, unpacked beside our data.

Unpacked and not installed: an installed nginx would be started as a service, and stay.
"""

from __future__ import annotations

import contextlib
import functools
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.bench.child import ROOT

UNPACKED = ROOT / ".local" / "bench" / "nginx"
PACKAGES = ("nginx", "libnginx-mod-nchan")
OWN_FOLDER = Path("/var/lib/nginx")
MODULE = "usr/lib/nginx/modules/ngx_nchan_module.so"


def installed() -> tuple[Path, Path]:
    """Return nginx and the module; raise FileNotFoundError where they are not here and cannot be had."""
    place = found()
    if place is None:
        raise FileNotFoundError(f"nginx with nchan (Debian's {' and '.join(PACKAGES)})")
    return place / "usr/sbin/nginx", place / MODULE


@functools.cache
def found() -> Path | None:
    """The root that has both, fetched where they are missing and apt-get is there."""
    for place in (Path("/"), UNPACKED):
        if _runs(place):
            return place
    if shutil.which("apt-get") and shutil.which("dpkg-deb") and _fetch() and _runs(UNPACKED):
        return UNPACKED
    return None


@contextlib.contextmanager
def own_folder() -> Iterator[None]:
    """Lend Debian's folder for request bodies: with nchan, nginx wants it whatever the configuration says.

    Nothing is written there. Where it is missing and we may not make it, nginx says so.
    """
    made = False
    with contextlib.suppress(OSError):
        OWN_FOLDER.mkdir()
        made = True
    try:
        yield
    finally:
        if made:
            shutil.rmtree(OWN_FOLDER, ignore_errors=True)


def _runs(place: Path) -> bool:
    binary = place / "usr/sbin/nginx"
    if not (binary.is_file() and (place / MODULE).is_file()):
        return False
    return subprocess.run([binary, "-v"], capture_output=True, check=False).returncode == 0


def _fetch() -> bool:
    UNPACKED.mkdir(parents=True, exist_ok=True)
    if not _download():
        subprocess.run(["apt-get", "update", "-qq"], capture_output=True, check=False)
        if not _download():
            return False
    for package in UNPACKED.glob("*.deb"):
        if subprocess.run(["dpkg-deb", "-x", package, UNPACKED], capture_output=True, check=False).returncode:
            return False
    return True


def _download() -> bool:
    return not subprocess.run(
        ["apt-get", "download", "-qq", *PACKAGES], cwd=UNPACKED, capture_output=True, check=False, timeout=180
    ).returncode
