"""What a tick makes of a progress row: the rules, by tables and by properties."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from progress import coverage
from progress.advance import (
    FIRST_BUDGET_SECONDS,
    KNOWN_PLAYERS,
    LARGEST_BUDGET_SECONDS,
    MOST_SEGMENTS,
    Lesson,
    Row,
    Rules,
    Transition,
    advance,
    complete,
)
from progress.coverage import Segment
from progress.percent import cut
from progress.ticks import Tick

quickly = settings(max_examples=100, deadline=None)

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LESSON = Lesson(duration=100.0, threshold=90.0)
HOUR_LONG = Lesson(duration=3600.0, threshold=90.0)
RULES = Rules(max_rate=2.0, accept_claims=True, minimum=50.0, step=5.0)
NO_CLAIMS = replace(RULES, accept_claims=False)


def at(seconds: float) -> datetime:
    """The moment this many seconds after the row began."""
    return NOON + timedelta(seconds=seconds)


def begun(**columns: object) -> Row:
    """A row as a page view or a welcome begins it: nothing watched, the clock running."""
    return structs.replace(Row(budget_at=NOON), **columns)


def claim(percentage: float, *, position: float = 0.0, id: int | None = None, player: str | None = None) -> Tick:
    """A bare percentage, as a client without segments sends it."""
    return Tick(1, 7, percentage, position, id=id, player=player)


def played(
    *segments: Segment, percentage: float = 0.0, position: float = 0.0, id: int | None = None, player: str = "tab"
) -> Tick:
    """What our own player sends."""
    return Tick(1, 7, percentage, position, segments=segments, id=id, player=player)


def after(
    row: Row, tick: Tick, *, now: float = 0.0, lesson: Lesson = LESSON, rules: Rules = RULES, by_hand: bool = False
) -> Transition:
    """What `tick` makes of the row, `now` seconds after it began; completed by hand beforehand if so wished."""
    if by_hand:
        row = complete(row, lesson=lesson, rules=rules, now=at(now)).row
    return advance(row, tick, lesson=lesson, rules=rules, now=at(now))


# Status, position, threshold


def test_a_tick_at_nought_starts_nothing() -> None:
    row = after(begun(), claim(0)).row
    assert (row.status, row.started_at, row.percentage, row.last_accessed) == ("not_started", None, 0.0, NOON)


def test_the_first_progress_starts_the_lesson_once() -> None:
    first = after(begun(), claim(0.01), now=5).row
    second = after(first, claim(20), now=10).row
    assert (first.status, first.started_at) == ("in_progress", at(5))
    assert (second.status, second.started_at, second.last_accessed) == ("in_progress", at(5), at(10))


def test_the_threshold_completes_the_lesson() -> None:
    told = after(begun(), claim(90), now=5)
    assert told.completed
    assert told.announced
    assert (told.row.status, told.row.completed_at, told.row.completed_percentage) == ("completed", at(5), 90.0)
    assert (told.row.started_at, told.row.announced_status) == (at(5), "completed")


def test_just_below_the_threshold_is_cut_and_not_rounded_up_to_it() -> None:
    told = after(begun(), claim(89.999))
    assert told.row.percentage == 89.99
    assert not told.completed
    assert told.row.completed_at is None
    assert told.row.status == "in_progress"


def test_coverage_just_below_the_threshold_does_not_meet_it() -> None:
    told = after(begun(), played((0.0, 89.999)), now=60)
    assert (told.row.percentage, told.completed) == (89.99, False)


@pytest.mark.parametrize("threshold", [0.5, 30.0, 66.66, 89.99, 100.0])
def test_each_lesson_has_its_own_threshold(threshold: float) -> None:
    lesson = replace(LESSON, threshold=threshold)
    assert not after(begun(), claim(threshold - 0.01), lesson=lesson).completed
    assert after(begun(), claim(threshold), lesson=lesson).completed


def test_the_threshold_follows_the_lesson_until_the_row_is_completed() -> None:
    row = after(begun(), claim(60)).row
    assert row.threshold == 90.0
    told = after(row, claim(61), lesson=replace(LESSON, threshold=61.0))
    assert told.completed
    assert told.row.threshold == 61.0
    assert after(told.row, claim(62), lesson=replace(LESSON, threshold=95.0)).row.threshold == 61.0
    by_hand = complete(told.row, lesson=replace(LESSON, threshold=95.0), rules=RULES, now=at(9)).row
    assert by_hand.threshold == 61.0


def test_a_lowered_threshold_completes_at_the_next_tick_even_one_that_adds_nothing() -> None:
    row = after(begun(), claim(60)).row
    assert after(row, claim(0), lesson=replace(LESSON, threshold=60.0)).completed


def test_the_position_is_free_and_stays_inside_the_lesson() -> None:
    row = after(begun(), claim(40, position=40)).row
    assert row.position == 40
    assert after(row, claim(40, position=3)).row.position == 3
    assert after(row, claim(40, position=100.4)).row.position == 100.0


def test_a_lower_report_lowers_nothing() -> None:
    row = after(begun(), claim(70)).row
    assert after(row, claim(1)).row.percentage == 70.0


def test_a_completed_lesson_watched_again_stays_completed() -> None:
    row = after(begun(), claim(95), now=5).row
    told = after(row, claim(2, position=2), now=500)
    assert not told.completed
    assert not told.announced
    assert (told.row.status, told.row.completed_at, told.row.completed_percentage) == ("completed", at(5), 95.0)
    assert (told.row.percentage, told.row.position) == (95.0, 2)


# Marked as complete by hand


def test_completed_by_hand_at_ten_percent_keeps_ten_percent() -> None:
    row = after(begun(), claim(10), now=5).row
    told = complete(row, lesson=LESSON, rules=RULES, now=at(9))
    assert told.completed
    assert told.announced
    assert (told.row.status, told.row.completed_at, told.row.percentage) == ("completed", at(9), 10.0)
    assert (told.row.completed_percentage, told.row.completed_claimed) == (10.0, True)
    assert (told.row.announced_percentage, told.row.announced_status) == (10.0, "completed")
    assert told.row.started_at == at(5)


def test_completed_by_hand_before_anything_was_watched_starts_and_completes_at_once() -> None:
    row = complete(begun(), lesson=LESSON, rules=RULES, now=at(9)).row
    assert (row.started_at, row.completed_at, row.completed_percentage, row.percentage) == (at(9), at(9), 0.0, 0.0)
    assert row.completed_claimed is False


def test_completed_by_hand_twice_completes_once() -> None:
    first = complete(begun(), lesson=LESSON, rules=RULES, now=at(9)).row
    again = complete(first, lesson=LESSON, rules=RULES, now=at(20))
    assert not again.completed
    assert not again.announced
    assert again.row == structs.replace(first, last_accessed=at(20))


def test_a_tick_after_completion_by_hand_raises_the_percentage_and_completes_nothing() -> None:
    told = after(begun(), claim(95), by_hand=True)
    assert not told.completed
    assert told.announced  # 50 is reached for the first time
    assert (told.row.percentage, told.row.completed_percentage, told.row.announced_status) == (95.0, 0.0, "completed")


# Announcements


def announced_on_the_way(percentages: list[float], *, rules: Rules = RULES, threshold: float = 90.0) -> list[float]:
    """The percentages at which a row that is reported at these is announced."""
    row, announced = begun(), []
    for seconds, percentage in enumerate(percentages):
        told = after(row, claim(percentage), now=seconds, rules=rules, lesson=replace(LESSON, threshold=threshold))
        row = told.row
        announced += [percentage] if told.announced else []
    return announced


def test_announcements_lie_on_the_grid_and_at_completion() -> None:
    every_percent = [float(percent) for percent in range(101)]
    assert announced_on_the_way(every_percent) == [50, 55, 60, 65, 70, 75, 80, 85, 90, 95, 100]
    off_the_grid = announced_on_the_way(every_percent, threshold=92.0)
    assert off_the_grid == [50, 55, 60, 65, 70, 75, 80, 85, 90, 92, 95, 100]


@pytest.mark.parametrize(
    ("percentages", "announced"),
    [
        ([49.99, 50], [50]),
        ([49.999, 50], [50]),
        ([50, 54.99, 55], [50, 55]),
        ([50, 54.999, 55], [50, 55]),
        ([52, 54, 55, 56], [52, 55]),
        ([52, 58, 59, 60], [52, 58, 60]),
        ([10, 73, 74, 75], [73, 75]),
        ([50, 50, 50], [50]),
        ([60, 50, 55, 60, 64.9], [60]),
        ([89.99, 90], [89.99, 90]),
        ([49], []),
        ([100, 100], [100]),
    ],
)
def test_a_row_is_announced_when_it_reaches_a_further_step(percentages: list[float], announced: list[float]) -> None:
    assert announced_on_the_way(percentages) == announced


def test_completion_below_the_minimum_is_announced_and_so_is_the_minimum_later() -> None:
    assert announced_on_the_way([10, 20, 49, 50, 54, 55], threshold=20.0) == [20, 50, 55]


@quickly
@given(
    minimum=st.integers(min_value=1, max_value=9_000),
    step=st.integers(min_value=1, max_value=2_000),
    places=st.lists(st.tuples(st.integers(0, 50), st.sampled_from([-1, 0, 1])), max_size=12),
)
def test_steps_lie_on_the_grid_of_any_school(minimum: int, step: int, places: list[tuple[int, int]]) -> None:
    # In hundredths of a percent, which are exact; reported on the steps, just below and just above them.
    rules = replace(RULES, minimum=minimum / 100, step=step / 100)
    reports = [min(10_000, minimum + steps * step + beside) for steps, beside in places]
    expected, reached, best = [], -1, 0
    for report in reports:
        best = max(best, report)
        steps = (best - minimum) // step if best >= minimum else -1
        if steps > reached or (best == 10_000 and (not expected or expected[-1] != 100.0)):
            expected.append(report / 100)
        reached = max(reached, steps)
    assert announced_on_the_way([report / 100 for report in reports], rules=rules, threshold=100.0) == expected


@pytest.mark.parametrize(
    ("minimum", "step", "percentages"),
    [(50.0, 0.7, [51.3, 51.4]), (10.0, 1.1, [11.0, 11.1]), (50.5, 1.1, [53.7, 53.8]), (22.2, 3.7, [25.8, 25.9])],
)
def test_a_step_is_reached_on_the_grid_itself_whatever_the_binary_fractions(
    minimum: float, step: float, percentages: list[float]
) -> None:
    assert announced_on_the_way(percentages, rules=replace(RULES, minimum=minimum, step=step)) == percentages


def test_what_is_announced_is_frozen_until_the_next_announcement() -> None:
    first = after(begun(), claim(52), now=1).row
    quiet = after(first, claim(54), now=2).row
    frozen = ("announced_at", "announced_percentage", "announced_claimed", "announced_status")
    assert [getattr(quiet, name) for name in frozen] == [at(1), 52.0, True, "in_progress"]
    loud = after(quiet, claim(55), now=3).row
    assert [getattr(loud, name) for name in frozen] == [at(3), 55.0, True, "in_progress"]


def test_an_announcement_never_goes_backwards_when_the_clock_does() -> None:
    first = after(begun(), claim(50), now=100).row
    second = after(first, claim(55), now=40).row
    third = after(second, claim(60), now=40).row
    assert second.announced_at == at(100) + timedelta(microseconds=1)
    assert third.announced_at == at(100) + timedelta(microseconds=2)


def test_two_announcements_at_one_moment_have_two_timestamps() -> None:
    first = after(begun(), claim(50), now=1).row
    second = after(first, claim(55), now=1).row
    assert second.announced_at == at(1) + timedelta(microseconds=1)


# Claims


def test_a_bare_percentage_is_a_claim() -> None:
    row = after(begun(), claim(45.5, position=120.5)).row
    assert (row.percentage, row.claimed_percentage, row.segments) == (45.5, 45.5, [])
    assert row.claimed(LESSON)


def test_with_the_switch_off_a_claim_counts_for_nothing() -> None:
    told = after(begun(), claim(100, position=30), rules=NO_CLAIMS)
    assert (told.row.percentage, told.row.claimed_percentage, told.row.status) == (0.0, 0.0, "not_started")
    assert (told.announced, told.completed) == (False, False)
    assert told.row.position == 30


def test_switching_claims_off_takes_nothing_away() -> None:
    row = after(begun(), claim(40)).row
    row = after(row, claim(60), rules=NO_CLAIMS).row
    assert (row.percentage, row.claimed_percentage) == (40.0, 40.0)


def test_a_tick_with_segments_is_never_a_claim() -> None:
    row = after(begun(), played((0.0, 2.0), percentage=80)).row
    assert (row.percentage, row.claimed_percentage) == (2.0, 0.0)
    assert not row.claimed(LESSON)


@pytest.mark.parametrize("rules", [RULES, NO_CLAIMS])
def test_a_tick_with_an_empty_list_of_segments_is_never_a_claim(rules: Rules) -> None:
    told = after(begun(), played(percentage=100, position=100), rules=rules)
    assert (told.row.percentage, told.row.claimed_percentage, told.completed) == (0.0, 0.0, False)


def test_a_seek_to_the_end_completes_nothing() -> None:
    told = after(begun(), played((99.0, 100.0), percentage=100, position=100), now=3600)
    assert not told.completed
    assert (told.row.percentage, told.row.position) == (1.0, 100.0)


def test_a_claim_is_only_accepted_while_the_row_has_no_segments() -> None:
    row = after(begun(), played((0.0, 2.0))).row
    told = after(row, claim(100))
    assert (told.row.percentage, told.row.claimed_percentage, told.completed) == (2.0, 0.0, False)


def test_an_accepted_claim_stays_until_coverage_outgrows_it() -> None:
    row = after(begun(), claim(40)).row
    row = after(row, played((0.0, 30.0)), now=60).row
    assert (row.percentage, row.claimed_percentage, row.claimed(LESSON)) == (40.0, 40.0, True)
    row = after(row, played((30.0, 40.0)), now=60).row
    assert (row.percentage, row.claimed(LESSON)) == (40.0, False)  # the claim is not the larger
    row = after(row, played((40.0, 55.0)), now=60).row
    assert (row.percentage, row.claimed(LESSON), row.announced_claimed) == (55.0, False, False)


def test_an_announcement_says_whether_the_percentage_is_only_claimed() -> None:
    assert after(begun(), claim(50)).row.announced_claimed is True
    assert after(begun(), played((0.0, 50.0)), now=60).row.announced_claimed is False
    row = after(begun(), claim(91)).row
    assert (row.completed_claimed, row.announced_claimed) == (True, True)
    row = after(begun(), played((0.0, 91.0)), now=60).row
    assert (row.completed_claimed, row.announced_claimed) == (False, False)


def test_a_lengthened_lesson_does_not_turn_what_was_watched_into_a_claim() -> None:
    row = after(begun(), claim(10)).row
    row = after(row, played((0.0, 80.0)), now=60).row
    assert (row.percentage, row.claimed(LESSON)) == (80.0, False)
    # The video is replaced by a longer one: 80 s are 8 % of it now, and the 80 % stay, since progress never falls.
    longer = Lesson(duration=1000.0, threshold=90.0)
    row = after(row, played(), now=60, lesson=longer).row
    assert (row.percentage, row.claimed(longer)) == (80.0, False)


# The budget of played seconds


def test_a_new_row_may_have_played_three_seconds() -> None:
    assert FIRST_BUDGET_SECONDS == 3.0
    row = after(Row(), played((0.0, 5.0))).row
    assert (row.segments, row.unpaid_segments, row.budget_seconds) == ([(0.0, 3.0)], [(3.0, 5.0)], 0.0)
    assert row.suspicious
    assert row.budget_at == NOON


def test_the_budget_fills_with_the_clock_times_the_rate() -> None:
    row = after(begun(), played((0.0, 23.0)), now=10).row
    assert (row.segments, row.unpaid_segments, row.suspicious) == ([(0.0, 23.0)], [], "")
    row = after(row, played((23.0, 34.0)), now=15).row
    assert (row.segments, row.unpaid_segments) == ([(0.0, 33.0)], [(33.0, 34.0)])


@pytest.mark.parametrize("rate", [1.0, 1.5, 16.0])
def test_the_rate_is_the_schools(rate: float) -> None:
    rules = replace(RULES, max_rate=rate)
    row = after(begun(), played((0.0, 1000.0)), now=20, rules=rules, lesson=HOUR_LONG).row
    assert row.segments == [(0.0, 3.0 + 20 * rate)]


def test_what_outran_the_clock_is_kept_and_flagged_and_does_not_count_later_by_itself() -> None:
    row = after(begun(), played((0.0, 95.0)), now=10).row
    assert row.percentage == 23.0
    assert row.unpaid_segments == [(23.0, 95.0)]
    flagged = row.suspicious
    row = after(row, played(), now=3600).row
    assert (row.percentage, row.unpaid_segments, row.suspicious) == (23.0, [(23.0, 95.0)], flagged)
    row = after(row, played((23.0, 95.0)), now=3600).row  # really played now
    assert row.percentage == 95.0
    assert row.suspicious == flagged


def test_what_can_be_paid_counts_in_the_order_of_playing() -> None:
    row = after(begun(), played((50.0, 60.0), (0.0, 10.0), (80.0, 90.0)), now=6).row
    assert row.segments == [(0.0, 5.0), (50.0, 60.0)]
    assert row.unpaid_segments == [(5.0, 10.0), (80.0, 90.0)]


def test_watching_a_part_again_is_paid_and_counted_once() -> None:
    row = after(begun(), played((0.0, 10.0), (0.0, 10.0)), now=6).row
    assert (row.segments, row.budget_seconds) == ([(0.0, 10.0)], 0.0)
    assert row.unpaid_segments == [(5.0, 10.0)]


def test_an_honest_offline_backlog_is_accepted_whole_after_an_hour() -> None:
    lesson = Lesson(duration=3600.0, threshold=90.0)
    backlog = [played((5.0 * n, 5.0 * n + 5.0), id=n) for n in range(720)]
    row = begun()
    for tick in backlog:
        row = after(row, tick, now=3600, lesson=lesson).row
    assert (row.segments, row.percentage, row.status) == ([(0.0, 3600.0)], 100.0, "completed")
    assert (row.unpaid_segments, row.suspicious) == ([], "")


def test_the_budget_is_capped_at_a_day() -> None:
    assert LARGEST_BUDGET_SECONDS == 86_400.0
    month = 30 * 86_400
    assert after(begun(), played(), now=month).row.budget_seconds == 86_400.0
    lesson = Lesson(duration=86_400.0, threshold=90.0)
    row = after(begun(), played((0.0, 86_400.0), (0.0, 1.0)), now=month, lesson=lesson).row
    assert (row.segments, row.unpaid_segments, row.budget_seconds) == ([(0.0, 86_400.0)], [(0.0, 1.0)], 0.0)


def test_a_clock_that_steps_back_gives_nothing_and_takes_nothing() -> None:
    row = after(begun(), played(), now=10).row
    back = after(row, played(), now=-500).row
    assert back.budget_seconds == row.budget_seconds == 23.0


def test_segments_beyond_the_end_cost_and_count_nothing() -> None:
    row = after(begun(), played((99.0, 4000.0), (100.0, 200.0)), now=0).row
    assert (row.segments, row.unpaid_segments, row.suspicious, row.budget_seconds) == ([(99.0, 100.0)], [], "", 2.0)


@quickly
@given(st.lists(st.integers(min_value=1, max_value=50), min_size=1, max_size=12), st.integers(0, 900))
def test_who_plays_exactly_what_can_be_paid_is_paid_whole_and_not_flagged(tenths: list[int], start: int) -> None:
    # Tenths of a second have no exact binary form: the crumbs that this leaves are nobody's cheating.
    ends = [start + sum(tenths[: n + 1]) for n in range(len(tenths))]
    pairs = zip([start, *ends], ends, strict=False)
    ticks = [played((first / 10, last / 10), id=n) for n, (first, last) in enumerate(pairs)]
    rules = replace(RULES, max_rate=1.0)
    row = begun()
    for tick in ticks:
        row = after(row, tick, now=sum(tenths) / 10 - FIRST_BUDGET_SECONDS, rules=rules, lesson=HOUR_LONG).row
    if sum(tenths) >= FIRST_BUDGET_SECONDS * 10:
        assert row.unpaid_segments == []
        assert row.suspicious == ""
    assert row.budget_seconds >= 0


# Ticks that come again


def test_a_known_tick_changes_nothing_and_leaves_the_very_same_row() -> None:
    tick = played((0.0, 20.0), position=20, id=4)
    row = after(begun(), tick, now=10).row
    again = after(row, tick, now=3600)
    assert again.row is row
    assert (again.announced, again.completed) == (False, False)


def test_a_tick_older_than_the_players_last_is_known_too() -> None:
    row = after(begun(), played((0.0, 2.0), id=4)).row
    assert after(row, played((2.0, 10.0), id=3), now=60).row is row
    assert after(row, played((2.0, 10.0), id=5), now=60).row.percentage == 10.0


def test_players_count_apart() -> None:
    row = after(begun(), played((0.0, 2.0), id=9, player="one tab"), now=60).row
    row = after(row, played((2.0, 10.0), id=1, player="another tab"), now=60).row
    assert row.percentage == 10.0
    assert row.players == [("another tab", 1), ("one tab", 9)]


@pytest.mark.parametrize("tick", [claim(30, id=1), claim(30), claim(30, player="tab"), replace(claim(30), id=0)])
def test_without_a_player_or_an_id_no_tick_is_known(tick: Tick) -> None:
    row = after(begun(), tick, now=1).row
    assert row.players == []
    later = after(row, replace(tick, percentage=31), now=2)
    assert later.row.percentage == 31.0


def test_the_newest_eight_players_are_known() -> None:
    assert KNOWN_PLAYERS == 8
    row = begun()
    for n in range(9):
        row = after(row, played(id=1, player=f"tab {n}"), now=n).row
    assert [name for name, _ in row.players] == [f"tab {n}" for n in range(8, 0, -1)]
    assert after(row, played(id=1, player="tab 1"), now=20).row is row
    assert after(row, played(id=1, player="tab 0"), now=20).row.players[0] == ("tab 0", 1)


def test_a_player_that_goes_on_is_among_the_newest() -> None:
    row = begun()
    for n in range(8):
        row = after(row, played(id=1, player=f"tab {n}"), now=n).row
    row = after(row, played(id=2, player="tab 0"), now=10).row
    row = after(row, played(id=1, player="tab 8"), now=11).row
    assert [name for name, _ in row.players][:2] == ["tab 8", "tab 0"]
    assert len(row.players) == 8
    assert after(row, played((0.0, 2.0), id=2, player="tab 0"), now=20).row is row


def test_a_row_keeps_at_most_a_thousand_segments() -> None:
    lesson = Lesson(duration=10_000.0, threshold=90.0)
    row = begun()
    for hundred in range(15):
        crumbs = [(float(second), second + 0.5) for second in range(hundred * 200, hundred * 200 + 200, 2)]
        row = after(row, played(*crumbs, (9_000.0 + hundred, 9_001.0 + hundred)), now=86_400, lesson=lesson).row
    assert len(row.segments) == MOST_SEGMENTS
    assert (9_000.0, 9_015.0) in row.segments  # crumbs fall out, not what was really watched


# Properties: whatever is reported, in whatever order, whatever the clock does


@dataclass(frozen=True)
class Report:
    """A tick, or the wish to complete by hand, at a moment."""

    now: float
    tick: Tick | None

    def apply(self, row: Row, *, lesson: Lesson = LESSON, rules: Rules = RULES) -> Transition:
        """What it makes of a row."""
        if self.tick is None:
            return complete(row, lesson=lesson, rules=rules, now=at(self.now))
        return advance(row, self.tick, lesson=lesson, rules=rules, now=at(self.now))


seconds = st.floats(min_value=0, max_value=200, allow_nan=False).map(lambda value: round(value, 3))
segments = st.tuples(seconds, seconds).map(lambda pair: (min(pair), max(pair)))
ticks = st.builds(
    Tick,
    user_id=st.just(1),
    lesson_id=st.just(7),
    percentage=st.floats(min_value=0, max_value=100),
    position=st.floats(min_value=0, max_value=86_400),
    segments=st.none() | st.lists(segments, max_size=4).map(tuple),
    player=st.none() | st.sampled_from(["a", "b", "c"]),
    id=st.none() | st.integers(min_value=0, max_value=20),
)
clocks = st.floats(min_value=-100, max_value=600).map(lambda value: round(value, 3))
reports = st.lists(
    st.builds(Report, now=clocks, tick=st.one_of(ticks, ticks, ticks, ticks, ticks, st.none())), max_size=15
)
thresholds = st.sampled_from([1.0, 33.33, 50.0, 90.0, 100.0])


@quickly
@given(reports, thresholds)
def test_progress_never_falls_and_completion_never_ends(reports: list[Report], threshold: float) -> None:
    row, completions = begun(), 0
    for report in reports:
        told = report.apply(row, lesson=replace(LESSON, threshold=threshold))
        before, row = row, told.row
        completions += told.completed
        assert before.percentage <= row.percentage <= 100
        assert row.percentage == cut(row.percentage)
        assert before.claimed_percentage <= row.claimed_percentage <= row.percentage
        assert 0 <= row.position <= LESSON.duration
        if before.started_at:
            assert row.started_at == before.started_at
        if before.completed:
            frozen = ("status", "completed_at", "completed_percentage", "completed_claimed", "threshold")
            assert [getattr(row, name) for name in frozen] == [getattr(before, name) for name in frozen]
        assert row.completed == (row.status == "completed") == (row.completed_percentage is not None)
        assert (row.status == "not_started") == (row.started_at is None)
        assert row.completed or row.percentage < threshold
    assert completions == row.completed


@quickly
@given(reports)
def test_announcements_never_run_backwards_whatever_the_clock_does(reports: list[Report]) -> None:
    row = begun()
    for report in reports:
        told = report.apply(row)
        before, row = row, told.row
        frozen = ("announced_at", "announced_percentage", "announced_claimed", "announced_status")
        if told.announced:
            assert row.announced_at is not None
            assert row.announced_at >= at(report.now)
            assert before.announced_at is None or row.announced_at > before.announced_at
            assert (row.announced_percentage, row.announced_status) == (row.percentage, row.status)
        else:
            assert not told.completed
            assert [getattr(row, name) for name in frozen] == [getattr(before, name) for name in frozen]
        if row.percentage >= RULES.minimum:
            assert row.announced_percentage is not None
            assert (row.percentage - 50) // 5 == (row.announced_percentage - 50) // 5


@quickly
@given(reports, st.integers(min_value=0), clocks)
def test_a_tick_sent_again_changes_nothing(reports: list[Report], which: int, now: float) -> None:
    row = begun()
    for report in reports:
        row = report.apply(row).row
    sent = [report for report in reports if report.tick and report.tick.player and report.tick.id is not None]
    if sent:
        again = replace(sent[which % len(sent)], now=now)
        assert again.apply(row) == Transition(row)


@quickly
@given(reports)
def test_what_counts_never_exceeds_what_the_clock_can_have_paid(reports: list[Report]) -> None:
    row, clock, passed = begun(), 0.0, 0.0
    counted: list[Segment] = []
    for report in reports:
        row = report.apply(row, rules=NO_CLAIMS, lesson=HOUR_LONG).row
        passed += max(0.0, report.now - clock)
        clock = report.now
        can_be_paid = FIRST_BUDGET_SECONDS + passed * NO_CLAIMS.max_rate
        assert coverage.seconds(row.segments) <= can_be_paid + 1e-3
        assert row.percentage <= can_be_paid / HOUR_LONG.duration * 100 + 1e-3
        counted = coverage.union([*counted, *row.segments])
        assert counted == row.segments  # what was counted once stays counted


@quickly
@given(reports)
def test_what_was_reported_is_counted_or_kept_as_unpaid(reports: list[Report]) -> None:
    row = begun()
    reported: list[Segment] = []
    for report in reports:
        if report.tick and report.tick.segments and not row.knows(report.tick):
            reported += coverage.clamp(report.tick.segments, duration=LESSON.duration)
        row = report.apply(row).row
    kept = coverage.union([*row.segments, *row.unpaid_segments])
    assert coverage.seconds(kept) == pytest.approx(coverage.seconds(coverage.union(reported)), abs=1e-3)
    assert bool(row.suspicious) == bool(row.unpaid_segments)


@quickly
@given(st.lists(st.lists(segments, max_size=4).map(tuple), max_size=10), st.randoms(use_true_random=False))
def test_ticks_that_can_all_be_paid_give_the_same_segments_in_any_order(
    batches: list[tuple[Segment, ...]], random: Random
) -> None:
    shuffled = list(batches)
    random.shuffle(shuffled)
    rows = []
    for order in (batches, shuffled):
        row = begun()
        for batch in order:
            row = after(row, played(*batch), now=86_400).row
        rows.append((row.segments, row.unpaid_segments, row.percentage, row.status))
    assert rows[0] == rows[1]
    assert rows[0][0] == coverage.union(coverage.clamp([each for batch in batches for each in batch], duration=100))
    assert rows[0][1] == []
