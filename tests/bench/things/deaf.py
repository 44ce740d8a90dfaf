"""Deaf: one page stops reading; do the others wait for it?"""

from __future__ import annotations

from tests.bench import systems
from tests.bench.child import Failed
from tests.bench.contender import Contender, contender
from tests.bench.figures import Column, Figure, Floor, Row, Table
from tests.bench.processor import settled
from tests.bench.sizes import Sizes
from tests.bench.systems.system import Surroundings
from tests.bench.things.ring import say

ALONE = "alone"
MIB = 1 << 20


def measure(around: Surroundings, sizes: Sizes) -> Table:
    """Ours beside a deaf page, and ours without one, in turn on the same process."""
    due = sizes.deaf_sockets * sizes.deaf_rate * sizes.deaf_seconds * sizes.deaf_entry_bytes / 1e6
    seen: dict[str, dict[str, list[float]]] = {name: {"p99": [], "grown": []} for name in ("ours", ALONE)}
    missing = ""
    try:
        with contender(systems.OURS, around, sockets=sizes.deaf_sockets) as entered:
            _round(entered, sizes)  # the process has then what buffers it needs
            for number in range(sizes.rounds):
                for name, is_deaf in ((ALONE, False), ("ours", True)):
                    p99, grown = _round(entered, sizes, deaf=is_deaf)
                    say(f"  round {number + 1}: {name}: p99 {p99:.3g} ms, grown {grown:.2g} MiB")
                    seen[name]["p99"].append(p99)
                    seen[name]["grown"].append(grown)
    except Failed as failed:
        say(f"  {failed}")
        missing = str(failed)
    titles = {"ours": "beside one that does not read", ALONE: "without it"}
    rows = [
        Row(name, title, {} if missing else {key: Figure(tuple(all)) for key, all in seen[name].items()}, missing)
        for name, title in titles.items()
    ]
    return Table(
        "deaf",
        f"one page does not read while {due:.0f} MB are due to {sizes.deaf_sockets} others",
        [
            Column("p99", "p99 ms of the others", "{:.1f}", more_is_better=False),
            Column("grown", "MiB that the process grew by", "{:.1f}"),
        ],
        rows,
        [Floor("p99", 4 / 3, at_least=False, peer=ALONE), Floor("grown", 5, at_least=False)],
    )


def _round(entered: Contender, sizes: Sizes, *, deaf: bool = False) -> tuple[float, float]:
    before = settled(entered.server.pid)
    if deaf:
        entered.deafen()
    seen = entered.steady(
        sizes.deaf_rate, sizes.deaf_seconds, within=4 * sizes.deaf_seconds + 60, longer_by=sizes.deaf_entry_bytes
    )
    grown = (settled(entered.server.pid) - before) / MIB
    if deaf and not entered.undeafen():
        say("  the server had not ended the deaf one yet")
    return seen["p99"], grown
