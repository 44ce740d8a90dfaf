"""Where a server's files lie: in the folder that was asked for or, for root, under /var/tmp.

PostgreSQL refuses to run as root, so root's servers run as `nobody`, who cannot enter root's home. A folder there is
named after the one that was asked for, which gets links to it.
"""

import hashlib
import os
import pwd
import re
from pathlib import Path

from project.running.process import User
from project.running.refused import Refused

OUTSIDE = Path("/var/tmp")  # noqa: S108 - outlives a boot; what is in it is checked to be ours # nosec B108


def service_user() -> User | None:
    """Return whom the servers run as where we are root; None where they run as ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise Refused(
            "As root the embedded servers need a user 'nobody' to run as: there is none; start as another user."
        ) from None
    return User(nobody.pw_uid, nobody.pw_gid)


def place_of(folder: Path, user: User | None, *, suffix: str = "") -> Path:
    """Return where the files of a folder lie, and make it; the suffix tells further places of a folder apart."""
    folder.mkdir(parents=True, exist_ok=True)
    if user is None:
        return folder.resolve()
    path = str(folder.resolve())
    slug = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")[-40:].strip("-")
    place = OUTSIDE / f"{slug}-{hashlib.sha256(path.encode()).hexdigest()[:8]}{suffix}"
    place.mkdir(mode=0o711, exist_ok=True)
    if place.is_symlink() or place.stat().st_uid != 0:  # anybody may write in /var/tmp, and we run what lies there
        raise Refused(f"{place} belongs to somebody else: remove it.")
    place.chmod(0o711)
    return place


def leave_link(link: Path, target: Path) -> None:
    """Leave a link where somebody would look for the data."""
    if link.is_symlink():
        link.unlink()
    if link.resolve() == target.resolve():
        return
    if link.exists():
        raise Refused(f"{link} holds data that another user made: start as that user, or move it away.")
    link.symlink_to(target)
