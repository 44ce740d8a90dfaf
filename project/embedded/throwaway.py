"""Throwaway places: where root's servers keep what shall not outlive the run, removed even where the run was killed.

Whoever uses one holds a lock on a file in it for as long as it lives. A killed run cannot remove its place, but the
kernel lets go of its lock; so the next run, of whatever checkout, knows that nobody will miss it.
"""

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from project.embedded import place as places
from project.running.kernel import works_in
from project.running.process import User
from project.running.refused import Refused
from project.running.waiting import eventually

SUFFIX = ".throwaway"
NAME = re.compile(r"[a-z0-9-]*-[0-9a-f]{8}\.throwaway")
OWNER = "owner"


@contextlib.contextmanager
def throwaway(folder: Path) -> Iterator[Path | None]:
    """Lend an empty place for the data of a folder; remove it at the end, with the folder's links to it.

    None where we are not root: the data then lie in the folder itself, and go when it goes.
    """
    user = places.service_user()
    if user is None:
        yield None
        return
    remove_abandoned()
    claim = _claimed(folder, user)
    try:
        yield claim.place
    finally:
        for path in folder.glob("*"):
            if path.is_symlink() and path.readlink().is_relative_to(claim.place):
                path.unlink()
        claim.remove()


def remove_abandoned() -> None:
    """Remove the places of killed runs, but for those where a server is still ending."""
    for place in places.OUTSIDE.iterdir():
        # Anybody may write in /var/tmp, but nobody else can make a file of root's in a folder of root's.
        if NAME.fullmatch(place.name) and _is_roots(place) and _is_roots(place / OWNER):
            claim = Claim(place)
            if claim.take():
                if works_in(place):
                    claim.let_go()
                else:
                    claim.remove()


class Claim:
    """The lock on a place."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._lock = -1

    def take(self) -> bool:
        """Take it, unless somebody else has it, or has removed the place meanwhile."""
        try:
            lock = os.open(self.place / OWNER, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except FileNotFoundError:
            return False
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A file that was removed after we opened it is locked for nobody but us.
            if os.path.samestat(os.fstat(lock), (self.place / OWNER).lstat()):
                self._lock = lock
                return True
        os.close(lock)
        return False

    def let_go(self) -> None:
        """Give the lock back; the place stays."""
        os.close(self._lock)

    def clear(self) -> bool:
        """Remove all but the lock; return whether nothing else is left."""
        for path in self.place.iterdir():
            if path.name != OWNER:
                shutil.rmtree(path, ignore_errors=True)
        return os.listdir(self.place) == [OWNER]

    def remove(self) -> None:
        """Remove the place, the lock's file last: until it is gone nobody else can begin here."""
        if self.clear():
            (self.place / OWNER).unlink()
            with contextlib.suppress(OSError):  # somebody else has begun here already
                self.place.rmdir()
        self.let_go()


def _claimed(folder: Path, user: User) -> Claim:
    claim = Claim(places.place_of(folder, user, suffix=SUFFIX))

    def taken() -> bool:
        with contextlib.suppress(FileNotFoundError):  # another run is removing it
            places.place_of(folder, user, suffix=SUFFIX)
        return claim.take()

    if not eventually(taken, 10):
        raise Refused(f"Another run keeps its data in {claim.place}: end it first.")
    if not eventually(lambda: not works_in(claim.place), 30) or not claim.clear():
        claim.let_go()
        raise Refused(f"What an earlier run left in {claim.place} cannot be removed: do it by hand.")
    return claim


def _is_roots(path: Path) -> bool:
    try:
        return path.lstat().st_uid == 0 and not path.is_symlink()
    except OSError:  # removed meanwhile
        return False
