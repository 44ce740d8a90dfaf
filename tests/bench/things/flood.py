"""A flood: what does one student with 50,000 frames, and an address with 500 connects a second, cost the others?"""

from __future__ import annotations

import os

from tests.bench.child import Child, Failed
from tests.bench.classroom import Classroom, classroom
from tests.bench.figures import Column, Figure, Floor, Row, Table
from tests.bench.processor import seconds_used
from tests.bench.sizes import Sizes
from tests.bench.systems.system import Surroundings
from tests.bench.systems.ticking import LIMITED
from tests.bench.things.ring import say

SETTLE_SECONDS = 1.0


def measure(around: Surroundings, sizes: Sizes) -> Table:
    """The class by itself and under the flood, in turn; limits are those that a site has by itself."""
    alone: dict[str, list[float]] = {"p50": [], "p99": [], "server": []}
    flooded: dict[str, list[float]] = {"p50": [], "p99": [], "server": []}
    try:
        with (
            classroom(LIMITED, around) as room,
            Child("tests.bench.flooder", env=os.environ, log=around.folder / "flooder.log") as flooder,
        ):
            for number in range(sizes.rounds):
                room.connect(sizes.flood_players, addresses=sizes.flood_addresses)
                room.take_places()
                _run(room, alone, sizes)
                told = _run_flooded(room, flooder, flooded, around, sizes)
                say(
                    f"  round {number + 1}: alone p99 {alone['p99'][-1]:.1f} ms, "
                    f"under the flood {flooded['p99'][-1]:.1f} ms; {told}"
                )
                room.load.ask("drop")
        rows = [_row("ours", "ours, under the flood", flooded), _row("alone", "ours, without it", alone)]
    except Failed as failed:
        say(f"  {failed}")
        rows = [Row("ours", "ours, under the flood", missing=str(failed)), Row("alone", "ours, without it")]
    return Table(
        "flood",
        f"{sizes.flood_players} players at {sizes.flood_rate:g} ticks/s, while one student sends "
        f"{sizes.flood_frames:,} frames and an address opens {sizes.flood_connects:g} sockets a second",
        [
            Column("p50", "p50 ms", "{:.1f}"),
            Column("p99", "p99 ms from tick to ack", "{:.1f}"),
            Column("server", "server's processor %", "{:.0f}"),
        ],
        rows,
        [Floor("p99", 2, at_least=False, peer="alone")],
    )


def _run(room: Classroom, figures: dict[str, list[float]], sizes: Sizes) -> None:
    used = seconds_used(room.server.pid)
    seen = room.open(sizes.flood_rate, sizes.flood_seconds)
    figures["server"].append(100 * (seconds_used(room.server.pid) - used) / sizes.flood_seconds)
    figures["p50"].append(seen["p50"])
    figures["p99"].append(seen["p99"])


def _run_flooded(
    room: Classroom, flooder: Child, figures: dict[str, list[float]], around: Surroundings, sizes: Sizes
) -> str:
    lasts = sizes.flood_seconds + SETTLE_SECONDS
    flooder.tell(
        "flood",
        port=room.port,
        path=room.path,
        student=around.students[-1],
        crowd=around.students[-2],
        frames=sizes.flood_frames,
        connects=sizes.flood_connects,
        seconds=lasts,
    )
    _run(room, figures, sizes)
    told = flooder.answer(within=lasts + 30)
    least = 0.9 * sizes.flood_connects * lasts
    if told["frames"] < 0.9 * sizes.flood_frames or told["connects"] < least:
        raise Failed(f"the flood was none: {told}")
    codes = ", ".join(f"{name}: {count}" for name, count in sorted(told["codes"].items()))
    return f"{told['frames']} frames, {told['connects']} connects ({codes}), flooder {100 * told['busy']:.0f} %"


def _row(name: str, title: str, figures: dict[str, list[float]]) -> Row:
    return Row(name, title, {key: Figure(tuple(rounds)) for key, rounds in figures.items()})
