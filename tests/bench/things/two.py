"""Two: what do two web processes behind one address do that one does not, on the same Redis and PostgreSQL?"""

from __future__ import annotations

import os

from tests.bench.child import Child
from tests.bench.classroom import Classroom
from tests.bench.contender import Contender
from tests.bench.figures import Column, Table
from tests.bench.processor import seconds_used
from tests.bench.sizes import Sizes
from tests.bench.systems import ticking
from tests.bench.systems.ours_in_processes import OursInProcesses
from tests.bench.systems.system import Surroundings
from tests.bench.things.ring import in_turn

PROCESSES = (OursInProcesses("ours", 2), OursInProcesses("one", 1))


def measure(around: Surroundings, sizes: Sizes) -> Table:
    """A burst, a steady rate, then a class that sends as fast as it is answered; the next round begins anew."""

    def once(contender: Contender) -> dict[str, float]:
        processes = next(each for each in PROCESSES if each is contender.system)
        processes.wait_for_all(around)
        contender.connect(sizes.burst_sockets)
        seen = {"most": 100 * processes.most_on_one(around, sizes.burst_sockets)}
        seen |= _burst(contender, sizes) | _steady(contender, sizes)
        contender.load.ask("drop")
        return seen | _ticks(contender, sizes)

    return Table(
        "two",
        f"two web processes and one: {sizes.burst_entries} entries at once to {sizes.burst_sockets} sockets, "
        f"{sizes.steady_rate:g} entries/s to them, {sizes.tick_players} players who send when they are answered",
        [
            Column("most", "% of the sockets on one process", "{:.0f}"),
            Column("rate", "deliveries/s in a burst", "{:,.0f}", more_is_better=True),
            Column("burst_busy", "client's processor %", "{:.0f}"),
            Column("p50", "steady p50 ms", "{:.1f}", more_is_better=False),
            Column("p99", "steady p99 ms", "{:.1f}", more_is_better=False),
            Column("server", "web's processor %, steady", "{:.0f}"),
            Column("steady_busy", "client's %", "{:.0f}"),
            Column("acks", "ticks acked/s", "{:,.0f}", more_is_better=True),
            Column("acked", "p99 ms to the ack", "{:,.0f}", more_is_better=False),
            Column("tick_server", "web's processor %, ticks", "{:.0f}"),
            Column("tick_busy", "players' processor %", "{:.0f}"),
        ],
        in_turn(PROCESSES, around, sockets=0, rounds=sizes.rounds, measure=once),
    )


def _burst(contender: Contender, sizes: Sizes) -> dict[str, float]:
    seen = contender.burst(sizes.burst_entries, within=sizes.burst_within)
    seconds = (seen["at"] - seen["published"]) / 1e9
    return {"rate": seen["total"] / seconds, "burst_busy": 100 * seen["busy"]}


def _steady(contender: Contender, sizes: Sizes) -> dict[str, float]:
    used = seconds_used(contender.server.pid)
    seen = contender.steady(sizes.steady_rate, sizes.steady_seconds, within=4 * sizes.steady_seconds + 60)
    used = seconds_used(contender.server.pid) - used
    took = (seen["at"] - seen["began"]) / 1e9
    return {"p50": seen["p50"], "p99": seen["p99"], "server": 100 * used / took, "steady_busy": 100 * seen["busy"]}


def _ticks(contender: Contender, sizes: Sizes) -> dict[str, float]:
    around, log = contender.around, contender.around.folder / "two.log"
    with Child("tests.bench.tick_load", env=os.environ, log=log) as players:
        room = Classroom(ticking.OURS, around, contender.port, contender.server, players)
        room.connect(sizes.tick_players)
        room.take_places()
        used = seconds_used(contender.server.pid)
        seen = room.closed(sizes.tick_seconds)
        used = seconds_used(contender.server.pid) - used
    return {
        "acks": seen["rate"],
        "acked": seen["p99"],
        "tick_server": 100 * used / sizes.tick_seconds,
        "tick_busy": 100 * seen["busy"],
    }
