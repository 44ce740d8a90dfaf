"""Costs: what a tick, an entry and a delivery take of the processors of web, PostgreSQL and Redis, at several rates.

For the model of docs/scale.md. What they do at a rate, over how often they did it; what they do when nothing happens is
taken off. What comes faster gathers, in one commit, one script, one frame; so each of it costs less.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
import redis

from project.running.waiting import eventually
from tests.bench import systems
from tests.bench.child import Failed
from tests.bench.classroom import classroom
from tests.bench.contender import Contender, contender
from tests.bench.figures import Column, Figure, Row, Table
from tests.bench.processor import seconds_used
from tests.bench.sizes import Entries, Sizes
from tests.bench.systems.system import Surroundings
from tests.bench.systems.ticking import OURS
from tests.bench.things.ring import say

PARTS = ("web", "postgres", "redis")
COPY = "an entry's copy for one more process"
COPIES = 40
"""Processes that hear a message, where what one more of them takes is measured."""

Used = dict[str, float]


def measure(around: Surroundings, sizes: Sizes) -> Table:
    """Microseconds of a processor, each for one of what the row says; of a tick the bytes of the log beside."""
    rounds: dict[str, list[Used]] = {}
    try:
        for rate in sizes.costs_ticks:
            _keep(rounds, _ticks(around, sizes, rate))
        for _ in range(sizes.rounds):
            for entries in sizes.costs_entries:
                _keep(rounds, _deliveries(around, sizes, entries))
            _keep(rounds, [(COPY, _copy(around, sizes))])
    except Failed as failed:
        say(f"  {failed}")
        return Table("costs", "costs", [], [Row("ours", "ours", missing=str(failed))])
    return Table(
        "costs",
        "microseconds of a processor",
        [
            *(Column(part, part, "{:.1f}") for part in PARTS),
            Column("wal", "bytes of PostgreSQL's log", "{:.0f}"),
            Column("rate", "of them a second", "{:,.0f}"),
        ],
        [_row(name, seen) for name, seen in rounds.items()],
    )


def _keep(rounds: dict[str, list[Used]], seen: list[tuple[str, Used]]) -> None:
    for name, used in seen:
        say(f"  {name}: " + ", ".join(f"{part} {value:,.1f}" for part, value in used.items()))
        rounds.setdefault(name, []).append(used)


def _row(name: str, rounds: list[Used]) -> Row:
    figures = {part: Figure(tuple(each.get(part, 0.0) for each in rounds)) for part in (*PARTS, "wal", "rate")}
    return Row(name, name, figures)


def _ticks(around: Surroundings, sizes: Sizes, rate: float) -> list[tuple[str, Used]]:
    count = rate * sizes.costs_seconds
    name = f"a tick of {rate:,.0f}/s, with its twelfth of an entry"
    seen = []
    with classroom(OURS, around) as room:
        for _ in range(sizes.rounds):
            room.connect(sizes.crowd_players)
            room.take_places()
            written = _log_position(around)
            used = _used_by(around, room.server.pid, sizes, lambda: room.open(rate, sizes.costs_seconds))
            wal = (_log_position(around) - written) / count
            each = {part: used[part] / count * 1e6 for part in PARTS}
            seen.append((name, {**each, "wal": wal, "rate": count / used["took"]}))
            room.load.ask("drop")
    return seen


def _deliveries(around: Surroundings, sizes: Sizes, entries: Entries) -> list[tuple[str, Used]]:
    """With few sockets and with many: what grows with them is the delivery, the rest is the entry."""
    count = entries.rate * sizes.costs_seconds
    few, many = sizes.costs_sockets, entries.sockets
    seen = []
    for sockets in (few, many):
        with contender(systems.OURS, around, sockets=sockets) as entered:
            pid = entered.server.pid
            seen.append(_used_by(around, pid, sizes, lambda: _publish(entered, sizes, entries)))
    delivery = {part: (seen[1][part] - seen[0][part]) / (many - few) / count * 1e6 for part in PARTS}
    entry = {part: seen[0][part] / count * 1e6 - few * delivery[part] for part in PARTS}
    of = f"of {entries.rate:,.0f}/s" + (f", {entries.together} together" if entries.together > 1 else "")
    return [
        (f"an entry {of}, heard by one process", {**entry, "rate": count / seen[0]["took"]}),
        (f"a delivery to a socket {of}", {**delivery, "rate": count / seen[1]["took"]}),
    ]


def _publish(entered: Contender, sizes: Sizes, entries: Entries) -> None:
    entered.steady(entries.rate, sizes.costs_seconds, within=10 * sizes.costs_seconds, together=entries.together)


def _copy(around: Surroundings, sizes: Sizes) -> Used:
    """What Redis takes to hand a message of an entry's length to one more process."""
    count = int(500 * sizes.costs_seconds)
    seen = []
    for listening in (1, COPIES):
        with contextlib.ExitStack() as open_, redis.Redis.from_url(around.redis_url) as publisher:
            heard = []
            for _ in range(listening):
                client = open_.enter_context(redis.Redis.from_url(around.redis_url))
                heard.append(open_.enter_context(client.pubsub()))
                heard[-1].subscribe("costs")
            if not eventually(partial(_have_subscribed, publisher, listening), 10):
                raise Failed(f"not all of {listening} listen")
            before = seconds_used(around.valkey)
            for _ in range(count):
                publisher.publish("costs", b"x" * 400)
            seen.append(seconds_used(around.valkey) - before)
    return {"redis": (seen[1] - seen[0]) / (COPIES - 1) / count * 1e6}


def _used_by(around: Surroundings, web: int, sizes: Sizes, do: Callable[[], Any]) -> Used:
    """Seconds of a processor that doing this takes of each part, and how long it took."""
    rest = _used(around, web)
    time.sleep(sizes.costs_seconds / 2)
    before = _used(around, web)
    began = time.monotonic()
    do()
    took = time.monotonic() - began
    after = _used(around, web)
    idle = {part: (before[part] - rest[part]) / (sizes.costs_seconds / 2) for part in PARTS}
    return {"took": took, **{part: after[part] - before[part] - idle[part] * took for part in PARTS}}


def _used(around: Surroundings, web: int) -> Used:
    pids = {"web": web, "postgres": around.postgres, "redis": around.valkey}
    return {part: seconds_used(pid) for part, pid in pids.items()}


def _log_position(around: Surroundings) -> float:
    with psycopg.connect(around.environment["DATABASE_URL"]) as connection:
        row = connection.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')").fetchone()
    if row is None:
        raise Failed("PostgreSQL does not say where its log is")
    return float(row[0])


def _have_subscribed(publisher: redis.Redis, listening: int) -> bool:
    """Whether so many listen."""
    return bool(publisher.pubsub_numsub("costs")[0][1] == listening)
