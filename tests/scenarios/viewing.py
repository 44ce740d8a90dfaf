"""Ground truth: whatever a student does with a film, in either player, the row says what was really played."""

from __future__ import annotations

import pytest

from tests.cast import Cast
from tests.live import Live
from tests.viewing.players import LATE_VIDEOJS, PLAYERS, Player
from tests.viewing.scenarios import SCENARIOS, Scenario, resume_the_next_day
from tests.viewing.verdict import counts_what_was_played

SECONDS = 24


@pytest.mark.parametrize("player", PLAYERS, ids=str)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_what_is_stored_is_what_was_played(live: Live, cast: Cast, scenario: Scenario, player: Player) -> None:
    await counts_what_was_played(live, cast, scenario, player, seconds=SECONDS)


async def test_a_player_that_is_made_late_goes_on_where_the_student_left(live: Live, cast: Cast) -> None:
    await counts_what_was_played(live, cast, resume_the_next_day, LATE_VIDEOJS, seconds=SECONDS)
