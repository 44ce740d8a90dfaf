"""The servers' binaries: in the packages that bring them or, for root, in copies that others may read and run."""

import importlib.metadata
import importlib.util
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from project.embedded.place import place_of
from project.running.process import User
from project.running.refused import Refused

CHECKOUT = Path(__file__).resolve().parent.parent.parent
MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


def machine() -> str | None:
    """Return this machine's architecture by the name that packages use, or None where there is no server for it."""
    return MACHINES.get(platform.machine().lower()) if sys.platform == "linux" else None


def version(distribution: str) -> str:
    """Return which version of a package is installed."""
    return importlib.metadata.version(distribution)


def site_of(package: str, distribution: str, user: User | None) -> Path:
    """Return the folder in which the package lies (as root: a copy, made once a version)."""
    if machine() is None:
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
    copy = place_of(CHECKOUT / ".local", user) / f"{distribution}-{version(distribution)}"
    if not copy.exists():
        _copy(package, site, copy)
    return copy


def _copy(package: str, site: Path, copy: Path) -> None:
    """Copy a package's folders aside and move them in place: an interrupted copy is never taken for a whole one.

    Copies of older versions stay: another environment of this checkout may be about to start a server from one.
    """
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
