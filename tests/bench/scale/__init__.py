"""Scale: how many processes, how much of Redis and PostgreSQL a school needs, by simulating who is connected where.

`python -m tests.bench.scale [STUDENTS…]` prints the tables of docs/scale.md. A school is drawn (courses of all sizes,
teachers with their pages open), every socket is put on a process, by chance as a balancer does or by its course; what
each process, each Redis and each PostgreSQL has to do is counted, and weighed with costs that were measured at several
rates (`python -m tests.bench costs`).
"""

from tests.bench.scale.costs import MEASURED, US, Costs, Curve
from tests.bench.scale.placing import Load, Process, Spread, placed, processes_for
from tests.bench.scale.redis_and_postgres import Need, needed
from tests.bench.scale.school import AT_MOST, ENTRY_EVERY, TICK_EVERY, School, drawn
from tests.bench.scale.tables import main

__all__ = [
    "AT_MOST",
    "ENTRY_EVERY",
    "MEASURED",
    "TICK_EVERY",
    "US",
    "Costs",
    "Curve",
    "Load",
    "Need",
    "Process",
    "School",
    "Spread",
    "drawn",
    "main",
    "needed",
    "placed",
    "processes_for",
]
