"""The same snapshot asked for at the same moment is computed once: a restart of Redis is no storm on the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from feed import single_flight, snapshot
from feed.filters import parse_filters
from progress.models import User
from progress.recorder import record_from_thread
from progress.ticks import Tick
from tests.cast import Cast


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline


def test_whoever_asks_while_it_is_answered_gets_the_same_answer_and_later_ones_another() -> None:
    calls: list[int] = []
    may_end = threading.Event()

    def slowly() -> int:
        calls.append(1)
        assert may_end.wait(10)
        return len(calls)

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(single_flight.once, "what", slowly) for _ in range(5)]
        wait_for(lambda: single_flight.waiting() == 4)
        assert pool.submit(single_flight.once, "something else", lambda: 7).result() == 7
        may_end.set()
        assert [each.result() for each in asked] == [1] * 5
    assert single_flight.once("what", slowly) == 2


def test_an_error_is_everybodys_and_is_not_kept() -> None:
    def fail() -> None:
        raise LookupError("away")

    for _ in range(2):
        with pytest.raises(LookupError):
            single_flight.once("what", fail)
    assert single_flight.once("what", lambda: "back") == "back"


@pytest.mark.django_db(transaction=True)
def test_administrators_who_ask_at_once_share_one_query_and_nobody_gets_what_is_anothers(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_from_thread([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95), Tick(cast.eve.pk, cast.mosses.pk, 95, 95)])
    second = User.objects.create(username="second", is_superuser=True)
    query = snapshot.get_student_activity_feed
    asked: list[tuple[str, bool]] = []
    may_end = threading.Event()

    def slowly(*args: Any, viewer: User, filters: Any, **more: Any) -> Any:
        asked.append((viewer.username, bool(filters)))
        assert may_end.wait(10)
        return query(*args, viewer=viewer, filters=filters, **more)

    monkeypatch.setattr(snapshot, "get_student_activity_feed", slowly)

    def take(person: User, **more: Any) -> Any:
        try:
            return snapshot.take(person, limit=50, **more)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        first, hers, his = (pool.submit(take, person) for person in (cast.admin, cast.grace, cast.oscar))
        some = pool.submit(take, cast.admin, filters=parse_filters({"type": ["lesson_completed"]}))
        wait_for(lambda: len(asked) == 4)
        late = [pool.submit(take, person) for person in (second, cast.admin)]
        wait_for(lambda: single_flight.waiting() == 2)
        may_end.set()
        names = [{entry["user"]["name"] for entry in each.result().entries} for each in (first, hers, his)]
        assert names == [{"Ada Lovelace", "Eve Curie"}, {"Ada Lovelace"}, {"Eve Curie"}]
        assert [each.result() for each in late] == [first.result()] * 2
        assert {entry["type"] for entry in some.result().entries} == {"lesson_completed"}
    assert sorted(asked) == [("admin", False), ("admin", True), ("grace", False), ("oscar", False)]
