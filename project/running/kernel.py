"""What only the kernel knows about processes: who died, who holds a file, who works in a folder.

Read from /proc, as far as we may see the others: root sees all, anybody else their own.
"""

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path

PR_SET_PDEATHSIG = 1

_prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


def end_with_parent(stop_signal: int, parent: int) -> None:
    """Ask the kernel to send this process `stop_signal` when `parent` dies, even by SIGKILL.

    Only after a change of user, which clears the wish; and it is the parent's thread that counts, not the process, so
    processes are started from a main thread.
    """
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, stop_signal)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


def born(pid: int) -> str | None:
    """Return when a process began (ticks since boot), or None where it is dead, reaped or not."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state in "ZX" else rest[18]


def holders(descriptor: int) -> list[int]:
    """Return the ids of the other processes that hold the same open file or pipe."""
    wanted = os.fstat(descriptor)
    found = []
    for folder in _processes():
        with contextlib.suppress(OSError):  # it ended meanwhile, or is somebody else's
            for opened in (folder / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if os.path.samestat(opened.stat(), wanted):
                        found.append(int(folder.name))
                        break
    return [pid for pid in found if pid != os.getpid()]


def works_in(folder: Path) -> bool:
    """Whether any process has its working directory in this folder or below."""
    wanted = folder.resolve()
    for process in _processes():
        with contextlib.suppress(OSError):
            if (process / "cwd").resolve(strict=True).is_relative_to(wanted):
                return True
    return False


def _processes() -> Iterator[Path]:
    return Path("/proc").glob("[0-9]*")
