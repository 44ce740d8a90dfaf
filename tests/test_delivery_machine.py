"""Live equals reload (law 4), loss is never silent (law 5), nobody sees more (law 7), whatever happens.

The machine is in tests/delivery/machine.py; here it is let run, and driven by hand to where it once found a fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.conf import settings as django_settings
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    run_state_machine_as_test,
)

from consumers import codes, hub
from consumers.viewer import Viewer
from feed import groups
from project.embedded import Valkey
from tests.delivery.machine import Delivery, DeliveryOverRestarts
from tests.delivery.process import read_and_dawdle
from tests.faults import valkey_of_its_own
from tests.live import until


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A Valkey of this file's own, to be flushed and killed."""
    with valkey_of_its_own(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture(autouse=True)
def hurried(
    valkey: Valkey, settings: Any, monkeypatch: pytest.MonkeyPatch, transactional_db: None, nobody_else_tells: None
) -> None:
    """The channel layer on that Valkey, and small limits: what takes seconds or many entries comes with few."""
    layer = django_settings.CHANNEL_LAYERS["default"]
    hosts = [{**layer["CONFIG"]["hosts"][0], "address": valkey.url}]
    settings.CHANNEL_LAYERS = {"default": {**layer, "CONFIG": {**layer["CONFIG"], "hosts": hosts}}}
    monkeypatch.setattr(Delivery, "valkey", valkey, raising=False)
    for name, value in {
        "consumers.hub.LOOK_SECONDS": 0.1,
        "consumers.hub.SUBSCRIBE_SECONDS": 1.0,
        "consumers.hub.PATIENCE_SECONDS": 0.02,
        "consumers.heartbeat.ROUND_SECONDS": 0.05,
        "consumers.codes.PING_SECONDS": 0.05,
        "consumers.codes.BEHIND_BYTES": 600,
        "consumers.frames.FRAME_BYTES": 1200,
        "consumers.fan_out.CHUNK": 2,
        "consumers.fan_out.RELIEF_SECONDS": 0.01,
        "feed.history.MOST_REPLAYED": 15,
        "feed.sources.read": read_and_dawdle,
    }.items():
        monkeypatch.setattr(name, value)


@pytest.fixture
def delivery() -> Iterator[Delivery]:
    """The machine, to be driven by hand."""
    machine = Delivery()
    try:
        machine.open()
        yield machine
    finally:
        machine.teardown()


run = partial(
    settings,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.generate],
)


def test_whatever_happens_live_equals_reload_and_loss_is_told() -> None:
    run_state_machine_as_test(Delivery, settings=run(max_examples=20, stateful_step_count=40))


def test_whatever_happens_and_redis_comes_back_from_older_saves() -> None:
    run_state_machine_as_test(DeliveryOverRestarts, settings=run(max_examples=6, stateful_step_count=25))


@pytest.mark.parametrize("change", ["taken back", "renamed"])
@pytest.mark.parametrize("forgets", [False, True])
def test_what_has_changed_since_it_was_read_is_not_told_also_where_redis_forgets_that_it_changed(
    delivery: Delivery, change: str, forgets: bool
) -> None:
    delivery.rest()
    delivery.dawdle(1, [(("ada", 0), 60)])
    delivery.door.run(until(lambda: delivery.processes[1].holding))
    if change == "taken back":
        delivery.take_back(0)
    else:
        delivery.rename("person", 0, "New")
    if forgets:
        delivery.forget("everything", 0)
    delivery.rest()


def test_a_page_that_reads_late_hears_that_it_is_subscribed_before_it_hears_the_reset(delivery: Delivery) -> None:
    here = delivery.processes[0]

    def its_viewers() -> list[Viewer]:
        return list(hub.hub().streams[groups.ALL].viewers)

    delivery.read_no_more(0)
    delivery.study(0, [(("ada", 0), 60)])
    here.run(until(lambda: any(viewer.wire.unsent() for viewer in its_viewers())))
    delivery.filter(0, "types")
    here.run(until(lambda: any(viewer.filters for viewer in its_viewers())))
    delivery.rename("person", 0, "New")
    delivery.rest()


def test_rights_lost_while_redis_forgot_that_it_told_so_are_found_out(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery.rest()
    monkeypatch.setattr(hub, "LOOK_SECONDS", 0.5)
    for process in range(2):
        delivery.lose(process, 4)
    delivery.teach(set())
    delivery.forget("everything", 0)
    delivery.rest()
    assert delivery.browsers[2].refused == delivery.browsers[3].refused == codes.NOTHING_TO_SEE
