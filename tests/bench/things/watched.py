"""Watched: students at work, and administrators who see it; how old is an entry when it is on their screen?"""

from __future__ import annotations

import os

from tests.bench import systems
from tests.bench.child import Child, Failed
from tests.bench.classroom import Classroom, classroom
from tests.bench.figures import Column, Figure, Floor, Row, Table
from tests.bench.sizes import Sizes
from tests.bench.systems.system import Surroundings
from tests.bench.systems.ticking import OURS
from tests.bench.things.ring import say


def measure(around: Surroundings, sizes: Sizes) -> Table:
    """Ticks come at a rate; the age of an entry is counted from its timestamp, which is before its commit."""
    figures: dict[str, list[float]] = {"entries": [], "p50": [], "p99": [], "acked": []}
    row = Row("ours", "ours")
    try:
        with (
            classroom(OURS, around) as room,
            Child("tests.bench.watchers", env=os.environ, log=around.folder / "watchers.log") as watchers,
        ):
            for number in range(sizes.rounds):
                seen = _round(room, watchers, around, sizes)
                say(
                    f"  round {number + 1}: {seen['entries']:,.0f} entries/s, "
                    f"p50 {seen['p50']:.1f}, p99 {seen['p99']:.1f} ms"
                )
                for name, values in figures.items():
                    values.append(seen[name])
        row = Row("ours", "ours", {name: Figure(tuple(rounds)) for name, rounds in figures.items()})
    except Failed as failed:
        say(f"  {failed}")
        row = Row("ours", "ours", missing=str(failed))
    return Table(
        "watched",
        f"{sizes.watched_rate:g} ticks/s while {sizes.watched_viewers} administrators watch",
        [
            Column("entries", "entries/s to each", "{:.0f}"),
            Column("p50", "p50 ms to the sockets", "{:.1f}"),
            Column("p99", "p99 ms to the sockets", "{:.1f}"),
            Column("acked", "p99 ms from tick to ack", "{:.1f}"),
        ],
        [row],
        [Floor("p99", 60, at_least=False)],
    )


def _round(room: Classroom, watchers: Child, around: Surroundings, sizes: Sizes) -> dict[str, float]:
    viewers = sizes.watched_viewers
    room.connect(sizes.watched_players)
    room.take_places()
    watchers.ask("aim", **systems.OURS.target(around, room.port).as_command())
    joined = watchers.ask("connect", count=viewers, wave=32, every=1, goal=0, limit=30, retry=False, within=40)
    if not joined["reached"]:
        raise Failed(f"{joined['sockets']} of {viewers} administrators joined. {joined['why']}")
    watchers.ask("arm", goal=0)
    acked = room.open(sizes.watched_rate, sizes.watched_seconds)
    seen = watchers.ask("settle", quiet=1, limit=20, within=30)
    watchers.ask("drop")
    room.load.ask("drop")
    if not seen["samples"] or seen["least"] * viewers != seen["samples"]:
        raise Failed(f"{seen['samples']} entries came, {seen['least']} to the last of {viewers}")
    return {
        "entries": seen["least"] / sizes.watched_seconds,
        "p50": seen["p50"],
        "p99": seen["p99"],
        "acked": acked["p99"],
    }
