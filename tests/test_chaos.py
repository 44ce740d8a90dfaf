"""The fault suite itself: what does not hold is told, and one scenario runs from the command to the report."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest
import redis
from django.conf import settings

from tests.chaos import promises, report
from tests.chaos.outcome import Outcome
from tests.chaos.scenario import Case, Scenario
from tests.chaos.servers import missing
from tests.chaos.world import World
from tests.live import ROOT


@dataclass
class Histories:
    """A Redis with histories in it, as `World` gives one."""

    prefix: str

    def asking(self) -> redis.Redis:
        return redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)

    def keep(self, group: str, offsets: list[int], at: int) -> None:
        """A group's history that has these offsets, and is at that one."""
        with self.asking() as client:
            for offset in offsets:
                item = json.dumps({"entry": {"id": f"progress_update:{offset}"}})
                client.xadd(f"{self.prefix}:history:{group}", {"item": item}, id=f"{offset}-0")
            client.hset(f"{self.prefix}:meta:{group}", mapping={"epoch": "e", "offset": str(at)})

    def items(self, heard: dict[tuple[str, str, int], str] | None = None) -> int:
        return promises.histories_have_no_hole(cast(World, self), heard or {})


@pytest.fixture
def histories() -> Iterator[Histories]:
    made = Histories(f"{settings.CHANNEL_LAYERS['default']['CONFIG']['prefix']}-holes")
    yield made
    with made.asking() as client:
        client.delete(*client.keys(f"{made.prefix}*"))


def test_histories_that_follow_up_to_their_offset_are_whole(histories: Histories) -> None:
    histories.keep("feed.all", [4, 5, 6], at=6)
    histories.keep("feed.course.1", [1], at=1)
    assert histories.items() == 4


@pytest.mark.parametrize(("offsets", "at"), [([4, 6], 6), ([4, 5], 6), ([4, 5, 6], 5)])
def test_a_hole_or_an_end_that_is_not_the_groups_is_told(histories: Histories, offsets: list[int], at: int) -> None:
    histories.keep("feed.all", offsets, at)
    with pytest.raises(AssertionError, match=r"feed\.all has a hole"):
        histories.items()


def test_what_a_viewer_heard_at_a_place_must_be_what_is_kept_there(histories: Histories) -> None:
    histories.keep("feed.all", [1, 2], at=2)
    right = {("feed.all", "e", 1): "progress_update:1", ("feed.all", "another", 2): "progress_update:7"}
    assert histories.items(right) == 2
    with pytest.raises(AssertionError, match="a viewer heard progress_update:1"):
        histories.items({("feed.all", "e", 2): "progress_update:1"})


def case_with(
    *closes: int, resets: tuple[str, ...] = (), snapshots: int = 0, waited: float = 0, refused: tuple[int, ...] = ()
) -> Case:
    """A class in which this happened to a viewer, to a student, and to whoever asked for a page."""
    viewer = SimpleNamespace(closes=[(0, code) for code in closes], resets=list(resets), snapshots=snapshots)
    student = SimpleNamespace(closes=[], longest_wait=waited)
    entrance = SimpleNamespace(refused=dict.fromkeys(refused, 1))
    at_work = SimpleNamespace(students=[student], viewers=[viewer], late=[], entrance=entrance)
    return Case(cast(Any, None), cast(Any, at_work), cast(Any, None))


async def nothing(case: Case) -> None:
    """Do nothing."""


def test_only_the_scenarios_own_close_codes_may_come_and_they_must() -> None:
    ends = Scenario("ends", "", nothing, closes=frozenset({1012}))
    promises.sockets_ended_as_they_may(case_with(1012, 1012), ends)
    with pytest.raises(AssertionError, match="1006"):
        promises.sockets_ended_as_they_may(case_with(1012, 1006), ends)
    with pytest.raises(AssertionError, match="the fault was none"):
        promises.sockets_ended_as_they_may(case_with(), ends)
    with pytest.raises(AssertionError, match="1012"):
        promises.sockets_ended_as_they_may(case_with(1012), Scenario("stays", "", nothing))


def test_pages_begin_anew_only_where_redis_forgot() -> None:
    stays, forgets = Scenario("", "", nothing), Scenario("", "", nothing, forgets=True)
    promises.pages_began_anew_as_they_may(case_with(), stays)
    promises.pages_began_anew_as_they_may(case_with(resets=("history_lost",), snapshots=1), forgets)
    promises.pages_began_anew_as_they_may(case_with(snapshots=1), Scenario("", "", nothing, renews=True))
    with pytest.raises(AssertionError, match="history_lost"):
        promises.pages_began_anew_as_they_may(case_with(resets=("history_lost",)), stays)
    with pytest.raises(AssertionError, match="reset for nothing"):
        promises.pages_began_anew_as_they_may(case_with(), forgets)
    with pytest.raises(AssertionError, match="positions were enough"):
        promises.pages_began_anew_as_they_may(case_with(snapshots=1), stays)


def test_students_wait_and_pages_are_refused_only_where_they_may() -> None:
    stays, away = Scenario("", "", nothing), Scenario("", "", nothing, quick=False, refuses=frozenset({503}))
    promises.acks_came_as_soon_as_they_must(case_with(waited=4), stays)
    promises.acks_came_as_soon_as_they_must(case_with(waited=40, refused=(503,)), away)
    with pytest.raises(AssertionError, match=r"waited for 6\.0 s"):
        promises.acks_came_as_soon_as_they_must(case_with(waited=6), stays)
    with pytest.raises(AssertionError, match="500"):
        promises.acks_came_as_soon_as_they_must(case_with(refused=(500,)), away)


def test_what_was_not_run_is_neither_held_nor_broken() -> None:
    assert report.verdict(Outcome("", "", "1", missing="no faketime")) == "not run"
    assert report.verdict(Outcome("", "", "1", broken="a hole")) == "broken"
    assert report.verdict(Outcome("", "", "1")) == "held"
    assert missing("plain") == ""


def test_a_scenario_runs_from_the_command_to_the_report() -> None:
    command = [sys.executable, "-m", "tests.chaos", "worker killed", "--seed", "1"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "held" in ran.stdout
    assert 'make faults ARGS="--seed 1"' in ran.stdout
