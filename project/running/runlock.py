"""The run lock: one run of a checkout at a time, and none before the last process of the one before has ended."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from project.running.kernel import born, holders
from project.running.refused import Refused
from project.running.waiting import eventually


class RunLock:
    """Held by a run and, since they inherit it, by each of its processes; so the next run sees whether one is left."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor = -1

    def acquire(self, say: Callable[[str], None], *, within: float = 60.0) -> None:
        """Take the lock; wait for what is left of a run that ended; refuse beside a run that lives."""
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        if not self._taken():
            if owner := self._living_owner():
                raise Refused(f"Another run of this checkout is alive (process {owner}): end it with Ctrl-C first.")
            say(f"an earlier run is still ending ({self._who()}); waiting for it, up to {within:g} s")
            if not eventually(self._taken, within):
                raise Refused(f"An earlier run has not ended within {within:g} s ({self._who()}): end it by hand.")
        self._write(f"{os.getpid()} {born(os.getpid())}")

    def leave(self) -> None:
        """Say that this run is ending: the next one then waits for it instead of refusing."""
        self._write("ending")

    def _taken(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _living_owner(self) -> int | None:
        words = os.pread(self.descriptor, 100, 0).decode().split()
        if len(words) != 2 or born(int(words[0])) != words[1]:  # the time of birth: ids are used again
            return None
        return int(words[0])

    def _who(self) -> str:
        return "processes " + ", ".join(map(str, holders(self.descriptor))) if self.descriptor >= 0 else ""

    def _write(self, text: str) -> None:
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, text.encode(), 0)
