"""The disk of the database is full."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import time
from collections.abc import Iterator
from pathlib import Path

from tests.chaos.scenario import Case, scenario
from tests.live import until


@contextlib.contextmanager
def full(folder: Path) -> Iterator[int]:
    """Fill the file system that a folder is on with one file, which is removed again; yields its bytes."""
    ballast, size = folder / "ballast", 0
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                size += file.write(bytes(65_536))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    try:
        yield size
    finally:
        ballast.unlink()


@scenario("disk full", ground="small disk", closes=frozenset({1012}), must_close=False, quick=False)
async def disk_full(case: Case) -> None:
    """The disk of PostgreSQL is full until nobody was acked for two seconds, and for some seconds more; twice."""
    postgres, students = case.world.servers.postgres, case.at_work.students
    for _ in range(2):
        await case.some_time(1, 2)

        def nobody_is_acked() -> bool:
            return not any(student.acked_since(time.monotonic() - 2) for student in students)

        with full(postgres.place) as ballast:
            case.counts["ballast, MiB"] = ballast >> 20
            await until(nobody_is_acked, within=90, what="a write that failed")
            await case.some_time(2, 5)
        freed = time.monotonic()
        if not postgres.running:  # it ends where it cannot write its log of transactions
            postgres.start()
            case.count("started again")
        await asyncio.to_thread(postgres.wait_ready)
        await case.at_work.until_all_complete_a_lesson(freed)
