"""Counts for operators: what the processes report equals what the clients hold, after churn and after a kill -9."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
from io import StringIO
from typing import Any

import msgspec
from asgiref.sync import sync_to_async
from django.core.management import call_command

from consumers.ops import groups, report, terminal
from consumers.ops.registry import Kept, registry
from consumers.ops.report import Heard, Report
from feed import groups as audiences
from tests import operators
from tests.cast import Cast
from tests.live import Live, Viewer, until


def a_report(pid: int, **groups: tuple[int, str, int]) -> Report:
    heard = {name.replace("__", "."): Heard(*each) for name, each in groups.items()}
    return operators.a_report(pid, groups=heard)


def test_a_group_is_added_up_over_processes_and_its_lag_is_that_of_the_farthest_behind() -> None:
    reports = [a_report(1, feed__all=(3, "e", 10)), a_report(2, feed__all=(4, "e", 7)), a_report(3)]
    [group] = groups.merged(reports, {"feed.all": Kept("e", 12, 5)})
    assert group == groups.Group("feed.all", 7, 2, "e", 12, 5, lag=5, others=0)


def test_a_process_in_another_epoch_is_said_and_makes_no_lag() -> None:
    [group] = groups.merged([a_report(1, feed__all=(3, "old", 10))], {"feed.all": Kept("new", 900, 5)})
    assert (group.lag, group.others) == (0, 1)


def test_a_table_has_its_numbers_to_the_right() -> None:
    rows = [{"group": "feed.all", "sockets": 7}, {"group": "feed.course.3", "sockets": 12}]
    assert terminal.table(rows, ["group", "sockets"]).splitlines() == [
        "group          sockets",
        "feed.all             7",
        "feed.course.3       12",
    ]


async def command(name: str) -> list[dict[str, Any]]:
    """What a command says with --json."""
    said = StringIO()
    await sync_to_async(call_command)(name, "--json", stdout=said)
    return list(json.loads(said.getvalue()))


async def counted() -> dict[str, int]:
    """Sockets by group, and by kind, over all processes."""
    found = {each["group"]: each["sockets"] for each in await command("groups") if each["sockets"]}
    for each in await command("processes"):
        for kind, count in each["sockets"].items():
            found[kind] = found.get(kind, 0) + count
    return found


async def until_counted(truth: dict[str, int], *, within: float = 10) -> None:
    """Wait until the counts are these."""
    async with asyncio.timeout(within):
        while (found := await counted()) != truth:
            await asyncio.sleep(0.1)
    assert found == truth


async def test_counts_equal_the_truth_after_churn_and_after_a_kill(live: Live, cast: Cast) -> None:
    course = audiences.of_course(cast.algorithms.pk)
    async with contextlib.AsyncExitStack() as staying:
        sessions = {name: await live.session(getattr(cast, name)) for name in ("admin", "grace", "ada")}
        positions = {name: (await live.snapshot(getattr(cast, name)))["position"] for name in ("admin", "grace")}

        async def stay(name: str, web: int) -> None:
            entering = live.socket("/ws/feed/", getattr(cast, name), Viewer, web=web, session=sessions[name])
            viewer = await staying.enter_async_context(entering)
            assert (await viewer.subscribe(positions[name]))["recovered"]

        async def come_and_go(number: int) -> None:
            path = f"/ws/lessons/{cast.bernoulli.pk}/progress/" if number % 2 else "/ws/feed/"
            who = "ada" if number % 2 else "grace"
            options: dict[str, Any] = {"web": number % 4 // 2, "session": sessions[who]}
            # From many addresses: one may open two hundred a second.
            async with live.socket(path, getattr(cast, who), source=f"127.0.0.{1 + number % 100}", **options) as client:
                if number % 2:
                    await client.until("welcome")

        for web in (0, 1):
            for _ in range(3):
                await stay("admin", web)
                await stay("grace", web)
        for start in range(0, 1000, 50):
            await asyncio.gather(*(come_and_go(number) for number in range(start, start + 50)))
        await until_counted({"feed.all": 6, course: 6, "feed": 12, "progress": 0})
        live.site.end("web1", signal.SIGKILL)
        try:
            await until_counted({"feed.all": 3, course: 3, "feed": 6, "progress": 0})
        finally:
            live.site.start("web1")
            await asyncio.to_thread(live.site.wait_ready, 1)
    await until_counted({"feed": 0, "progress": 0})


async def commit_to_write(live: Live, cast: Cast) -> tuple[float, float]:
    """How often web0 wrote a newest entry, and how old these were together: others' tests publish very old ones."""
    said = (await (await live.http(cast.olga)).get("/metrics")).text
    found = dict(re.findall(r"^live_commit_to_write_seconds_(count|sum) (\S+)$", said, re.M))
    return float(found["count"]), float(found["sum"])


async def test_a_process_says_what_it_is_and_what_it_did(live: Live, cast: Cast) -> None:
    async def web0() -> dict[str, Any]:
        return next(each for each in await command("processes") if each["pid"] == live.site.processes["web0"].pid)

    count, age = await commit_to_write(live, cast)
    before = (await web0())["totals"]
    async with live.feed(cast.grace) as viewer, live.player(cast.ada, cast.bernoulli) as player:
        await player.watch(to=55)
        await viewer.until_shown("progress_update")
        async with asyncio.timeout(10):
            while (found := await web0())["totals"]["entries_sent"] <= before["entries_sent"]:
                await asyncio.sleep(0.1)
    did = {name: total - before[name] for name, total in found["totals"].items()}
    async with asyncio.timeout(10):
        while {each["kind"] for each in await command("processes")} != {"web", "worker"}:
            await asyncio.sleep(0.1)  # a worker that was started again a moment ago has yet to report
    assert did["ticks"] == did["acks"] >= 1
    assert did["entries_published"] >= 1
    assert 0 < found["means"]["tick_to_ack_seconds"] < 10
    assert 0 < found["means"]["publish_to_write_seconds"] < found["means"]["commit_to_write_seconds"]
    now, then = await commit_to_write(live, cast)
    assert now > count
    assert 0 < (then - age) / (now - count) < 10
    assert found["recoveries"]["recovered"] >= 1
    assert found["memory_bytes"] > 20_000_000
    assert not found["draining"]


async def test_each_socket_leaves_one_line_with_its_code_and_nobodys_name(live: Live, cast: Cast) -> None:
    before = len(live.site.log("web0"))

    def lines() -> list[dict[str, Any]]:
        said = live.site.log("web0")[before:].splitlines()
        return [line for line in map(json.loads, said) if line["event"] == "A socket closed"]

    async with live.player(cast.ada, cast.bernoulli) as player:
        await player.watch(to=5)
    async with live.socket("/ws/ops/", cast.ada) as refused:
        assert await refused.until_closed() == 4403
    await until(lambda: len(lines()) == 2, what="two lines")
    assert sorted((line["kind"], line["code"]) for line in lines()) == [("ops", 4403), ("progress", 1000)]
    assert all(0 < line["seconds"] < 10 and len(line["socket"]) == 8 for line in lines())
    # As a word: the letters alone may stand in a socket's id.
    assert not re.search(r"\bada\b", str(lines()), re.IGNORECASE)


async def test_a_process_that_ends_takes_its_report_with_it(live: Live, cast: Cast) -> None:
    pid = live.site.processes["web1"].pid

    async def there() -> bool:
        return any(each["pid"] == pid for each in await command("processes"))

    async with asyncio.timeout(10):
        while not await there():
            await asyncio.sleep(0.1)
    live.site.end("web1")
    try:
        assert not await there()
    finally:
        live.site.start("web1")
        await asyncio.to_thread(live.site.wait_ready, 1)


async def test_a_report_lapses_by_the_clock_of_redis(loop_services: None) -> None:
    mine = msgspec.structs.replace(a_report(1), id="lapses")
    await registry().write(mine, lifetime=2)
    assert "lapses" in {each.id for each in await registry().read()}
    async with asyncio.timeout(10):
        while "lapses" in {each.id for each in await registry().read()}:
            await asyncio.sleep(0.1)
    assert [each.alive for each in await registry().look() if each.report.id == "lapses"] == [False]
    await registry().forget("lapses")  # else it is missed on this site for ten minutes
    assert [each.ended for each in await registry().look() if each.report.id == "lapses"] == [True]


async def test_a_report_of_this_process_can_be_read_again(loop_services: None) -> None:
    taken = report.take("web", draining=False, loop_lag=0.5)
    assert msgspec.json.decode(msgspec.json.encode(taken), type=Report) == taken
