"""One scenario from an empty school to rest, and whether every promise held."""

from __future__ import annotations

import re
import time
import traceback
from random import Random

from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.db import connection

from tests import cast
from tests.chaos import promises, scenarios
from tests.chaos.outcome import Outcome
from tests.chaos.scenario import SCENARIOS, Case, Scenario
from tests.chaos.servers import Servers
from tests.chaos.world import world
from tests.faults import class_at_work
from tests.live import Live

assert scenarios  # they are in SCENARIOS by having been imported


async def tried(servers: Servers, name: str, seed: str) -> Outcome:
    """Run a scenario, its moments chosen by the seed and its own name; whatever breaks is in the outcome."""
    scenario = SCENARIOS[name]
    outcome = Outcome(name, scenario.what, seed)
    try:
        await _run(servers, scenario, Random(f"{seed}:{name}"), outcome)
    except Exception as broken:  # every promise that did not hold is told, whatever it was
        outcome.broken = f"{type(broken).__name__}: {broken}"[:2000]
        outcome.trace = traceback.format_exc()
    return outcome


async def _run(servers: Servers, scenario: Scenario, dice: Random, outcome: Outcome) -> None:
    _all_running(servers)
    people = await sync_to_async(_emptied)()
    async with world(servers, _folder(scenario.name), by_cable=scenario.by_cable, settings=scenario.settings) as place:
        before = await promises.at_rest(place)
        async with (
            Live(place.site) as live,
            class_at_work(
                live, people, pace=scenario.pace, lessons=scenario.lessons, title=scenario.title, at_once=2
            ) as at_work,
        ):
            case = Case(place, at_work, dice)
            try:
                await scenario.do(case)
                mended = time.monotonic()
                await sync_to_async(_reconnected)()
                await at_work.until_live_again(mended)
                case.count("seconds to be live", time.monotonic() - mended)
                await at_work.comes_to_rest()
                promises.sockets_ended_as_they_may(case, scenario)
                promises.pages_began_anew_as_they_may(case, scenario)
                promises.acks_came_as_soon_as_they_must(case, scenario)
                heard = {at: id for viewer in at_work.viewers for at, id in viewer.heard.items()}
                case.count("items kept", promises.histories_have_no_hole(place, heard))
            finally:
                outcome.counts = promises.counted(case)
        await promises.nothing_is_left_over(place, before, to_the_end=scenario.to_the_end)


def _all_running(servers: Servers) -> None:
    """Start again what a scenario that broke has left ended."""
    for each in (servers.postgres, servers.valkey):
        if not each.running:
            each.start()
            each.wait_ready()


def _emptied() -> cast.Cast:
    """An empty school with the cast in it."""
    _reconnected()
    call_command("flush", interactive=False, verbosity=0)
    return cast.made()


def _reconnected() -> None:
    """Forget connections that a fault may have ended."""
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined] # PostgreSQL's has one


def _folder(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower())
