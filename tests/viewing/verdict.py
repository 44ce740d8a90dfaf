"""Plays a scenario, and holds what was stored against what was really played."""

from __future__ import annotations

from tests.cast import Cast
from tests.live import Live
from tests.viewing.film import shot
from tests.viewing.players import Player
from tests.viewing.scenarios import Scenario
from tests.viewing.truth import share

BOUND = 2.0
"""Percentage points by which what is stored may be off."""


async def counts_what_was_played(live: Live, cast: Cast, scenario: Scenario, player: Player, *, seconds: int) -> None:
    """See that what was stored and acked is what the browser says was played, and what the scenario meant to play."""
    async with shot(live, cast, player, seconds=seconds) as film:
        intended = share(await scenario(film), film.duration)
        for viewing in film.viewings:
            await viewing.saved()
        row = await film.row()
        played, stored = film.truth.percentage(film.duration), row.video_watch_percentage
        shown = max([await viewing.shown() for viewing in film.viewings])
        figures = f"intended {intended:.2f} %, played {played:.2f} %, stored {stored:.2f} %, acked {shown:.2f} %"
        print(f"\n{scenario.__name__}, {player}, {film.duration:g} s: {figures}")  # noqa: T201
        assert abs(played - intended) <= BOUND, f"the browser did not play what was meant: {figures}"
        assert abs(stored - played) <= BOUND, figures
        assert shown == stored, figures
        assert (row.suspicious, row.unpaid_segments) == ("", [])
        assert film.errors() == []
