"""Ground truth, in short: what a browser really played of a six-second film is what the row says.

Forged ticks need no film. `make scenarios` plays all scenarios with longer films (tests/scenarios/viewing.py).
"""

from __future__ import annotations

import time

import pytest
from django.conf import settings

from progress.advance import FIRST_BUDGET_SECONDS, OUTRAN_THE_CLOCK
from progress.models import UserProgress
from tests.cast import Cast
from tests.live import Live
from tests.viewing import scenarios
from tests.viewing.players import PLAIN, VIDEOJS, Player
from tests.viewing.scenarios import Scenario
from tests.viewing.verdict import counts_what_was_played

SECONDS = 6


@pytest.mark.parametrize(
    ("scenario", "player"),
    [
        pytest.param(scenario, player, id=f"{scenario.__name__}, {player}")
        for scenario, player in (
            (scenarios.straight_through, PLAIN),
            (scenarios.seek_to_the_end, VIDEOJS),
            (scenarios.rewatch_three_times, PLAIN),
            (scenarios.offline_in_the_middle, VIDEOJS),
        )
    ],
)
async def test_what_is_stored_is_what_was_played(live: Live, cast: Cast, scenario: Scenario, player: Player) -> None:
    await counts_what_was_played(live, cast, scenario, player, seconds=SECONDS)


async def test_forged_ticks_count_no_more_than_time_has_passed(live: Live, cast: Cast) -> None:
    began = time.monotonic()
    async with live.player(cast.ada, cast.bernoulli) as player:  # 100 seconds long
        honest = await player.tick(id=1, player="hers", watch_percentage=2, timestamp=2, segments=[[0, 2]])
        assert honest["watch_percentage"] == 2

        bare = await player.tick(id=2, player="hers", watch_percentage=100, timestamp=100)
        assert (bare["watch_percentage"], bare["completed"]) == (2, False)
        row = await UserProgress.objects.aget(user=cast.ada, lesson=cast.bernoulli)
        assert (row.video_watch_percentage, row.claimed_percentage, row.suspicious) == (2, 0, "")

        whole = await player.tick(id=3, player="hers", watch_percentage=100, timestamp=100, segments=[[0, 100]])
    could = FIRST_BUDGET_SECONDS + (time.monotonic() - began) * settings.PROGRESS_MAX_RATE  # seconds, and here percent
    row = await UserProgress.objects.aget(user=cast.ada, lesson=cast.bernoulli)
    assert row.video_watch_percentage == whole["watch_percentage"] <= could
    assert row.segments == [[0, row.video_watch_percentage]]
    [[paid_to, end]] = row.unpaid_segments
    assert (paid_to <= could, end) == (True, 100)
    assert (row.suspicious, row.completed) == (OUTRAN_THE_CLOCK, False)
