"""Ticks: how many are acked in a second, each after its commit?"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from tests.bench.child import Failed
from tests.bench.classroom import Classroom, classroom
from tests.bench.figures import Column, Figure, Floor, Row, Table
from tests.bench.processor import seconds_used, settled
from tests.bench.sizes import Sizes
from tests.bench.systems.system import Surroundings
from tests.bench.systems.ticking import ORM_CHANNELS, ORM_HTTP, OURS, WITHOUT_SPANS, TickServer
from tests.bench.things.ring import say

SYSTEMS = (OURS, WITHOUT_SPANS, ORM_HTTP, ORM_CHANNELS)


def measure(around: Surroundings, sizes: Sizes, systems: Sequence[TickServer] = SYSTEMS) -> Table:
    """Each player sends its next tick when the last one was acked; ours and the others in turn."""
    figures: dict[str, dict[str, list[float]]] = {each.name: {"rate": [], "p99": []} for each in systems}
    missing: dict[str, str] = {}
    with contextlib.ExitStack() as ring:
        rooms = [room for each in systems if (room := _entered(ring, each, around, missing))]
        for number in range(sizes.rounds):
            for room in rooms:
                name = room.system.name
                if name in missing:
                    continue
                try:
                    room.connect(sizes.tick_players)
                    room.take_places()
                    seen = room.closed(sizes.tick_seconds)
                except Failed as failed:
                    missing[name] = str(failed)
                    say(f"  {room.system.title}: {failed}")
                    continue
                say(f"  round {number + 1}: {room.system.title}: {seen['rate']:,.0f} acks/s, p99 {seen['p99']:.0f} ms")
                for key in ("rate", "p99"):
                    figures[name][key].append(seen[key])
                room.load.ask("drop")
    return Table(
        "ticks",
        f"{sizes.tick_players} players, each sends its next tick when the last one was acked",
        [
            Column("rate", "ticks acked/s", "{:,.0f}", more_is_better=True),
            Column("p99", "p99 ms", "{:,.0f}"),
        ],
        [_row(each, figures[each.name], missing.get(each.name, "")) for each in systems],
        [
            Floor("rate", 30, at_least=True, peer=ORM_HTTP.name),
            Floor("rate", 9, at_least=True, peer=ORM_CHANNELS.name),
        ],
    )


def measure_crowd(around: Surroundings, sizes: Sizes) -> Table:
    """Ticks come at a rate, whatever was acked; one row for each rate."""
    rows = []
    fine = 0.0
    try:
        with classroom(OURS, around) as room:
            for rate in sizes.crowd_rates:
                figures: dict[str, list[float]] = {"p50": [], "p99": [], "server": []}
                for number in range(sizes.rounds if rate == sizes.crowd_rates[0] else 1):
                    room.connect(sizes.crowd_players)
                    room.take_places()
                    used = seconds_used(room.server.pid)
                    seen = room.open(rate, sizes.crowd_seconds)
                    used = seconds_used(room.server.pid) - used
                    say(f"  round {number + 1}: {rate:,.0f} ticks/s: p50 {seen['p50']:.1f}, p99 {seen['p99']:.1f} ms")
                    figures["p50"].append(seen["p50"])
                    figures["p99"].append(seen["p99"])
                    figures["server"].append(100 * used / sizes.crowd_seconds)
                    room.load.ask("drop")
                first = rate == sizes.crowd_rates[0]
                rows.append(
                    Row(
                        "ours" if first else f"{rate:g}",
                        f"{rate:,.0f} ticks/s",
                        {name: Figure(tuple(rounds)) for name, rounds in figures.items()},
                    )
                )
                if rows[-1].figures["p99"].median > 250:
                    break
                fine = rate
    except Failed as failed:
        say(f"  {failed}")
        rows.append(Row("ours" if not rows else "failed", "ours", missing=str(failed)))
    say(f"  the highest rate of these with a p99 under 250 ms: {fine:,.0f} ticks/s")
    return Table(
        "crowd",
        f"{sizes.crowd_players} players, ticks at a rate",
        [
            Column("p50", "p50 ms", "{:.1f}"),
            Column("p99", "p99 ms from tick to ack", "{:.1f}"),
            Column("server", "server's processor %", "{:.0f}"),
        ],
        rows,
        [Floor("p99", 100, at_least=False)],
    )


def measure_memory(around: Surroundings, sizes: Sizes) -> Table:
    """What a player that is seated and sends nothing takes, and how fast they are seated."""
    row = Row("ours", "ours")
    try:
        with classroom(OURS, around) as room:
            room.connect(50)
            room.load.ask("drop")
            before = settled(room.server.pid)
            seconds = room.connect(sizes.idle_students, wave=64)
            after = settled(room.server.pid)
        kib = (after - before) / sizes.idle_students / 1024
        rate = sizes.idle_students / seconds
        say(f"  {kib:.1f} KiB a player, {rate:,.0f} seated a second")
        row = Row("ours", "ours", {"kib": Figure((kib,)), "rate": Figure((rate,))})
    except Failed as failed:
        say(f"  {failed}")
        row = Row("ours", "ours", missing=str(failed))
    return Table(
        "seats",
        f"{sizes.idle_students} players who take their seats and send nothing",
        [Column("kib", "KiB a player", "{:.1f}"), Column("rate", "seated/s", "{:,.0f}")],
        [row],
        [Floor("kib", 32, at_least=False), Floor("rate", 500, at_least=True)],
    )


def _entered(
    ring: contextlib.ExitStack, system: TickServer, around: Surroundings, missing: dict[str, str]
) -> Classroom | None:
    try:
        return ring.enter_context(classroom(system, around))
    except Failed as failed:
        missing[system.name] = str(failed)
        say(f"  {system.title}: {failed}")
        return None


def _row(system: TickServer, figures: dict[str, list[float]], missing: str) -> Row:
    if missing:
        return Row(system.name, system.title, missing=missing)
    return Row(system.name, system.title, {name: Figure(tuple(rounds)) for name, rounds in figures.items()})
