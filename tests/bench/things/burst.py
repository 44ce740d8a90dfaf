"""Burst: many entries published at once to all sockets of one process; how many deliveries a second?"""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench import systems
from tests.bench.contender import Contender
from tests.bench.figures import Column, Floor, Table
from tests.bench.sizes import Sizes
from tests.bench.systems.system import Surroundings, System
from tests.bench.things.ring import in_turn

CONTENDERS = (
    systems.OURS,
    systems.UVICORN,
    systems.CORE,
    systems.PUBSUB,
    systems.SOCKETIO_NODE,
    systems.SOCKETIO,
    systems.NCHAN,
)


def measure(around: Surroundings, sizes: Sizes, contenders: Sequence[System] = CONTENDERS) -> Table:
    """From the first publish until the last socket has all."""

    def once(contender: Contender) -> dict[str, float]:
        seen = contender.burst(sizes.burst_entries, within=sizes.burst_within)
        seconds = (seen["at"] - seen["published"]) / 1e9
        return {"rate": seen["total"] / seconds, "seconds": seconds, "busy": seen["busy"] * 100}

    return Table(
        "burst",
        f"{sizes.burst_entries} entries at once to {sizes.burst_sockets} sockets",
        [
            Column("rate", "deliveries/s", "{:,.0f}", more_is_better=True),
            Column("seconds", "seconds", "{:.3f}"),
            Column("busy", "client's processor %", "{:.0f}"),
        ],
        in_turn(contenders, around, sockets=sizes.burst_sockets, rounds=sizes.rounds, measure=once),
        [
            Floor("rate", 300, at_least=True, peer="channels-core"),
            Floor("rate", 200, at_least=True, peer="channels-pubsub"),
            Floor("rate", 10, at_least=True, peer="socketio-node"),
        ],
    )
