"""Storm: every connection breaks, entries are missed, all come back at once; how long until all have all?"""

from __future__ import annotations

from tests.bench import systems
from tests.bench.contender import Contender
from tests.bench.figures import Column, Floor, Table
from tests.bench.sizes import Sizes
from tests.bench.systems.system import Surroundings
from tests.bench.things.ring import in_turn


def measure(around: Surroundings, sizes: Sizes) -> Table:
    """From the first connection until the last socket is subscribed and has what it missed."""

    def once(contender: Contender) -> dict[str, float]:
        seen = contender.again(sizes.storm_sockets, missed=sizes.storm_missed, within=sizes.storm_within)
        contender.burst(1, within=30)  # all are live: everybody gets what comes now, and once
        seconds = (seen["at"] - seen["began"]) / 1e9
        return {"seconds": seconds, "retried": seen["retried"], "busy": 100 * seen["busy"]}

    return Table(
        "storm",
        f"{sizes.storm_sockets} sockets reconnect at once, each having missed {sizes.storm_missed} entries",
        [
            Column("seconds", "seconds until all live", "{:.2f}", more_is_better=False),
            Column("retried", "connections refused and opened again", "{:.0f}"),
            Column("busy", "client's processor %", "{:.0f}"),
        ],
        in_turn([systems.OURS], around, sockets=sizes.storm_sockets, rounds=sizes.rounds, measure=once),
        [Floor("seconds", 5, at_least=False)],
    )
