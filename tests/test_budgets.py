"""Budgets: how many times as fast as stock Channels ours has to be, in one short run of the bench side by side.

Ratios only, since a machine that is busy slows both; docs/benchmarks.md has what a quiet one comes to, the budgets a
quarter of that or less. What they stop is a change that makes ours slow, such as a frame for each entry or a commit for
each tick.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.bench import systems
from tests.bench.figures import Table
from tests.bench.sizes import Sizes
from tests.bench.surroundings import surroundings
from tests.bench.systems import ticking
from tests.bench.systems.system import Surroundings
from tests.bench.things import burst, ticks

SIZES = Sizes().short()
DELIVERIES = 40
"""Times as many a second in a burst as stock Channels over the pub/sub layer."""

ACKS = 5
"""Times as many ticks acked a second as a stock consumer that saves through the ORM."""


@pytest.fixture(scope="module")
def around() -> Iterator[Surroundings]:
    """Services and people of the bench's own."""
    with surroundings(SIZES) as lent:
        yield lent


def times_as_fast(table: Table, peer: str) -> float:
    """Our rate over the peer's; both must have been measured."""
    missing = [f"{row.title}: {row.missing}" for row in table.rows if row.missing]
    assert not missing, "\n".join(missing)
    ours, theirs = table.figure("ours", "rate"), table.figure(peer, "rate")
    assert ours is not None
    assert theirs is not None
    return ours.median / theirs.median


def test_a_burst_reaches_sockets_many_times_as_fast_as_through_stock_channels(
    around: Surroundings, record_property: Callable[[str, object], None]
) -> None:
    table = burst.measure(around, SIZES, [systems.OURS, systems.PUBSUB])
    ratio = times_as_fast(table, systems.PUBSUB.name)
    record_property("deliveries a second, times those of stock Channels", f"{ratio:.3g} (at least {DELIVERIES})")
    assert ratio >= DELIVERIES


def test_ticks_are_acked_many_times_as_fast_as_by_a_stock_consumer_that_saves_them(
    around: Surroundings, record_property: Callable[[str, object], None]
) -> None:
    table = ticks.measure(around, SIZES, [ticking.OURS, ticking.ORM_CHANNELS])
    ratio = times_as_fast(table, ticking.ORM_CHANNELS.name)
    record_property("ticks acked a second, times those of a stock consumer", f"{ratio:.3g} (at least {ACKS})")
    assert ratio >= ACKS
