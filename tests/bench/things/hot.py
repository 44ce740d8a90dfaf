"""Hot: how many updates of progress rows does PostgreSQL make in place, without a word to any index?

Only a tick that announces something moves a column that has an index: about one in twelve. All others are "HOT" as
long as their page has room (the table's fillfactor).
"""

from __future__ import annotations

import psycopg

from project.running.waiting import eventually
from tests.bench.child import Failed
from tests.bench.classroom import Classroom, classroom
from tests.bench.figures import Column, Figure, Floor, Row, Table
from tests.bench.sizes import Sizes
from tests.bench.systems.system import Surroundings
from tests.bench.systems.ticking import OURS
from tests.bench.things.ring import say

AT_LEAST = 85
"""Per cent. Of twelve ticks eleven can be in place."""

FLUSH_SECONDS = 20
"""PostgreSQL tells what a connection did after ten seconds of rest at the latest."""


def measure(around: Surroundings, sizes: Sizes) -> Table:
    """Ticks at a rate from a class of many, as PostgreSQL has counted them."""
    row = Row("ours", "ours")
    try:
        with classroom(OURS, around) as room:
            shares = [_share(room, sizes) for _ in range(sizes.rounds)]
        row = Row("ours", "ours", {"hot": Figure(tuple(shares))})
    except Failed as failed:
        say(f"  {failed}")
        row = Row("ours", "ours", missing=str(failed))
    return Table(
        "hot",
        f"updates of progress rows, {sizes.crowd_players} players, {sizes.crowd_rates[0]:,.0f} ticks a second",
        [Column("hot", "% in place (HOT)", "{:.1f}")],
        [row],
        [Floor("hot", AT_LEAST, at_least=True)],
    )


def _share(room: Classroom, sizes: Sizes) -> float:
    room.connect(sizes.crowd_players)
    updates, _ = _counted(room.around)
    room.take_places()  # each row's first update: what was watched before
    updates, hot = _after(room.around, updates + sizes.crowd_players)
    ticks = room.open(sizes.crowd_rates[0], sizes.crowd_seconds)["acks"]
    room.load.ask("drop")
    all_updates, all_hot = _after(room.around, updates + ticks)
    share = 100 * (all_hot - hot) / (all_updates - updates)
    say(f"  {all_updates - updates:,} updates for {ticks:,} ticks, {share:.1f} % in place")
    return share


def _after(around: Surroundings, updates: int) -> tuple[int, int]:
    """The counts, once so many updates are told."""
    if not eventually(lambda: _counted(around)[0] >= updates, FLUSH_SECONDS):
        raise Failed(f"PostgreSQL counted {_counted(around)[0]:,} updates, of {updates:,}")
    return _counted(around)


def _counted(around: Surroundings) -> tuple[int, int]:
    """Updates of progress rows so far, and those in place."""
    with psycopg.connect(around.environment["DATABASE_URL"]) as connection:
        counted = connection.execute(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'progress_userprogress'"
        ).fetchone()
    if counted is None:
        raise Failed("PostgreSQL has no counts of progress rows")
    return int(counted[0]), int(counted[1])
