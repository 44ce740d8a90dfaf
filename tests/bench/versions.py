"""What was measured, by version."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version

from tests.bench import nginx

PACKAGES = ("django", "channels", "channels-redis", "daphne", "redis", "python-socketio", "uvicorn", "twisted")


def versions() -> dict[str, str]:
    """Return versions by name, and how many cores were there to share."""
    found = {name: version(name) for name in PACKAGES}
    place = nginx.found()
    if place is not None:
        said = subprocess.run([nginx.installed()[0], "-v"], capture_output=True, text=True, check=False).stderr
        found["nginx"] = said.strip().rpartition("/")[2]
    return {"python": platform.python_version(), "cores": str(os.cpu_count()), **found}
