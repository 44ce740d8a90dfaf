"""Steady: entries one by one at a rate; how long from publish to the client?"""

from __future__ import annotations

from tests.bench import systems
from tests.bench.contender import Contender
from tests.bench.figures import Column, Floor, Table
from tests.bench.processor import seconds_used
from tests.bench.sizes import Sizes
from tests.bench.systems.system import Surroundings
from tests.bench.things.ring import Round, in_turn

COLUMNS = [
    Column("p50", "p50 ms", "{:.1f}", more_is_better=False),
    Column("p99", "p99 ms", "{:.1f}", more_is_better=False),
    Column("server", "server's processor %", "{:.0f}"),
    Column("busy", "client's processor %", "{:.0f}"),
]


def measure(around: Surroundings, sizes: Sizes) -> Table:
    """As many entries as a busy school has."""
    return Table(
        "steady",
        f"{sizes.steady_rate:g} entries/s to {sizes.steady_sockets} sockets for {sizes.steady_seconds:g} s",
        COLUMNS,
        in_turn(
            [systems.OURS, systems.UVICORN, systems.SOCKETIO_NODE, systems.SOCKETIO, systems.NCHAN],
            around,
            sockets=sizes.steady_sockets,
            rounds=sizes.rounds,
            measure=_round(sizes.steady_rate, sizes.steady_seconds),
        ),
        [
            Floor("p99", 1.5, at_least=False, peer="nchan"),
            Floor("p99", 0.1, at_least=False, peer="socketio-node"),
        ],
    )


def measure_wide(around: Surroundings, sizes: Sizes) -> Table:
    """Few entries, many sockets."""
    return Table(
        "wide",
        f"{sizes.wide_rate:g} entries/s to {sizes.wide_sockets} sockets for {sizes.wide_seconds:g} s",
        COLUMNS,
        in_turn(
            [systems.OURS, systems.NCHAN],
            around,
            sockets=sizes.wide_sockets,
            rounds=sizes.rounds,
            measure=_round(sizes.wide_rate, sizes.wide_seconds),
        ),
        [Floor("p99", 2, at_least=False, peer="nchan")],
    )


def _round(rate: float, seconds: float) -> Round:
    def once(contender: Contender) -> dict[str, float]:
        used = seconds_used(contender.server.pid)
        # Whoever cannot follow has time to catch up: what a late entry costs is in the figure.
        seen = contender.steady(rate, seconds, within=4 * seconds + 60)
        used = seconds_used(contender.server.pid) - used
        took = (seen["at"] - seen["began"]) / 1e9
        return {"p50": seen["p50"], "p99": seen["p99"], "server": 100 * used / took, "busy": 100 * seen["busy"]}

    return once
