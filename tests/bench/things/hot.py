"""Hot: how many updates of progress rows does PostgreSQL make in place, without a word to any index?

Only a tick that announces something moves a column that has an index: about one in twelve. All others are "HOT" as
long as their page has room: the table's fillfactor leaves some, and older versions of rows make room again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
    """A class that watches, and the first ticks of a larger one, as PostgreSQL has counted them."""
    rate = sizes.crowd_rates[0]
    return Table(
        "hot",
        "updates of progress rows",
        [Column("ticks", "ticks of each player", "{:.1f}"), Column("hot", "% of them in place (HOT)", "{:.1f}")],
        [
            _row(
                around,
                sizes,
                Row("ours", f"{sizes.tick_players} players, each sends its next tick when the last one was acked"),
                sizes.tick_players,
                lambda room: room.closed(sizes.tick_seconds),
            ),
            _row(
                around,
                sizes,
                Row("first", f"{sizes.crowd_players} players, {rate:,.0f} ticks a second"),
                sizes.crowd_players,
                lambda room: room.open(rate, sizes.crowd_seconds),
            ),
        ],
        [Floor("hot", AT_LEAST, at_least=True)],
    )


def _row(
    around: Surroundings, sizes: Sizes, row: Row, players: int, play: Callable[[Classroom], dict[str, Any]]
) -> Row:
    seen = []
    try:
        with classroom(OURS, around) as room:
            for _ in range(sizes.rounds):
                seen.append(_round(room, players, play))
                say(f"  {row.title}: {seen[-1][0]:.1f} ticks of each, {seen[-1][1]:.1f} % in place")
    except Failed as failed:
        say(f"  {failed}")
        return Row(row.name, row.title, missing=str(failed))
    ticks, shares = zip(*seen, strict=True)
    return Row(row.name, row.title, {"ticks": Figure(ticks), "hot": Figure(shares)})


def _round(room: Classroom, players: int, play: Callable[[Classroom], dict[str, Any]]) -> tuple[float, float]:
    """Seat players before a lesson that is new to them and let them play; return how many ticks each sent, and how
    many per cent of their updates were in place."""
    room.connect(players)
    before, _ = _counted(room.around)
    room.take_places()  # the first update of each row, of what was watched before: no tick as others are
    updates, hot = _after(room.around, before + players)
    ticks = play(room)["acks"]
    room.load.ask("drop")
    all_updates, all_hot = _after(room.around, updates + ticks)
    return ticks / players, 100 * (all_hot - hot) / (all_updates - updates)


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
