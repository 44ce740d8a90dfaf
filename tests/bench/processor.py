"""What the kernel says that a process and its children use: processor time and memory."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.bench.child import Failed

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def seconds_used(pid: int) -> float:
    """Processor time of a process and those that it started directly, as nginx its worker, also of those that ended."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    # The process last: a child that ends meanwhile is among those that it has waited for.
    return (sum(_ticks(each) for each in children) + _ticks(str(pid), waited_for=True)) / _TICK


def _ticks(pid: str, *, waited_for: bool = False) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        if waited_for:
            raise
        return 0
    return sum(int(each) for each in fields[11 : 15 if waited_for else 13])


def resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def settled(pid: int, *, within: float = 40) -> int:
    """The memory once it has not moved by more than a hundredth for three seconds."""
    deadline = time.monotonic() + within
    last = [resident(pid)]
    while time.monotonic() < deadline:
        time.sleep(1)
        last.append(resident(pid))
        if len(last) > 3 and max(last[-4:]) - min(last[-4:]) <= last[-1] / 100:
            return last[-1]
    raise Failed(f"The memory of {pid} has not settled within {within:g} s: {last}")
