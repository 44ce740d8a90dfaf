"""Memory: what a server takes for each socket that is joined and gets nothing."""

from __future__ import annotations

from tests.bench import systems
from tests.bench.child import Failed
from tests.bench.contender import contender
from tests.bench.figures import Column, Figure, Floor, Row, Table
from tests.bench.processor import settled
from tests.bench.sizes import Sizes
from tests.bench.systems.system import Surroundings, System
from tests.bench.things.ring import say

WARM_UP = 50
"""Sockets that come and go first, so that what is there once for all of them is there."""


def measure(around: Surroundings, sizes: Sizes) -> Table:
    """Once: another round on the same process would find memory that it has kept, one on another gives the same."""
    return Table(
        "memory",
        f"memory for each of {sizes.idle_sockets} idle sockets",
        [Column("kib", "KiB a socket", "{:.1f}", more_is_better=False)],
        [_row(system, around, sizes.idle_sockets) for system in (systems.OURS, systems.BARE)],
        [Floor("kib", 32, at_least=False)],
    )


def _row(system: System, around: Surroundings, sockets: int) -> Row:
    try:
        with contender(system, around, sockets=WARM_UP) as entered:
            entered.load.ask("drop")
            before = settled(entered.server.pid)
            entered.connect(sockets)
            after = settled(entered.server.pid)
    except Failed as failed:
        say(f"  {system.title}: {failed}")
        return Row(system.name, system.title, missing=str(failed))
    kib = (after - before) / sockets / 1024
    say(f"  {system.title}: {kib:.1f} KiB a socket")
    return Row(system.name, system.title, {"kib": Figure((kib,))})
