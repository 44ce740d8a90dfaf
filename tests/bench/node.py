"""Node's Socket.IO with its Redis adapter, from npm, in a folder of the bench's own."""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path

from tests.bench.child import ROOT

FOLDER = ROOT / ".local" / "bench" / "node"
PACKAGES = ("socket.io@4.8.4", "@socket.io/redis-adapter@8.3.0", "ioredis@5.8.2")


@functools.cache
def modules() -> Path | None:
    """The folder of modules, fetched where they are missing and npm is there."""
    found = FOLDER / "node_modules"
    # Written last, so that a download that broke off is begun again.
    done = FOLDER / "installed"
    if shutil.which("node") is None:
        return None
    if done.is_file() and done.read_text() == " ".join(PACKAGES):
        return found
    if shutil.which("npm") is None:
        return None
    FOLDER.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--prefix", str(FOLDER), "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES]
    if subprocess.run(command, cwd=FOLDER, capture_output=True, check=False, timeout=300).returncode:
        return None
    done.write_text(" ".join(PACKAGES))
    return found
