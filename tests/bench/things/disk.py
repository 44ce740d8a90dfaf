"""Disk: how many bytes does PostgreSQL take for a row of each kind, with its indexes?"""

from __future__ import annotations

import json
import subprocess
import sys

from tests.bench.child import ROOT
from tests.bench.figures import Column, Figure, Row, Table
from tests.bench.sizes import Sizes
from tests.bench.surroundings import surroundings
from tests.bench.systems.system import Surroundings
from tests.bench.things.ring import say

MEANS = {
    "progress_userprogress": "a student's record of a lesson",
    "progress_watchedspan": "a stretch that was played",
    "progress_examattempt": "an attempt at an exam",
    "progress_certification": "a certificate",
    "progress_outbox": "a reference of the outbox",
    "progress_user": "a person",
    "progress_enrollment": "an enrolment",
}
"""Tables, and what a row of each is."""


def measure(around: Surroundings, sizes: Sizes) -> Table:
    """Once, in a database of its own: rows take what they take."""
    with surroundings(sizes.small()) as own:
        command = [sys.executable, "-m", "tests.bench.disk", str(sizes.disk_rows), *MEANS]
        done = subprocess.run(command, cwd=ROOT, env=own.environment, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout)
    rows = []
    for table, bytes_each in found.items():
        say(f"  {table}: {bytes_each:,.0f} bytes")
        rows.append(Row(table, MEANS[table], {"bytes": Figure((bytes_each,))}))
    return Table(
        "disk", f"PostgreSQL at {sizes.disk_rows:,} progress rows", [Column("bytes", "bytes a row", "{:,.0f}")], rows
    )
