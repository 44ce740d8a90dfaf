"""Mixed: students at work, people who watch with presence on, who load pages and who come and go, all at once.

How old is an entry on the screen then, and does everybody get each once? Whoever watches is compared with the history.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import asdict, dataclass
from typing import Any

import redis

from tests import chromium
from tests.bench import requests
from tests.bench.child import Child, Failed
from tests.bench.classroom import Classroom, classroom
from tests.bench.figures import Column, Figure, Row, Table
from tests.bench.processor import seconds_used
from tests.bench.sizes import Sizes
from tests.bench.systems.ours import Ours
from tests.bench.systems.system import Surroundings
from tests.bench.systems.ticking import OURS
from tests.bench.things.ring import say
from tests.bench.told import TIMESTAMP, Told, moment

GROUP = "feed.all"

COLUMNS = [
    Column("entries", "entries/s to each", "{:.0f}"),
    Column("p50", "p50 ms to the sockets", "{:.1f}"),
    Column("p99", "p99 ms", "{:.1f}", more_is_better=False),
    Column("screen_p50", "p50 ms to a browser's screen", "{:.1f}"),
    Column("screen_p99", "p99 ms", "{:.1f}"),
    Column("acked_p50", "p50 ms from tick to ack", "{:.1f}"),
    Column("acked_p99", "p99 ms", "{:.1f}", more_is_better=False),
    Column("page_p50", "median ms of a page", "{:.0f}"),
    Column("page_p95", "p95 ms", "{:.0f}"),
    Column("recoveries", "recoveries", "{:.0f}"),
    Column("recovery_p50", "p50 ms of one", "{:.0f}"),
    Column("recovery_p99", "p99 ms", "{:.0f}"),
    Column("server", "web's processor %", "{:.0f}"),
    Column("services", "PostgreSQL's and Redis's %", "{:.0f}"),
    Column("load", "load generators' %", "{:.0f}"),
]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a round has beside those who watch and work: page loads a second, and a page in a browser."""

    name: str
    pages: float
    window: bool

    def __str__(self) -> str:
        return f"ours, {self.pages:g} pages/s" + ", a browser" * self.window


@dataclass(frozen=True, slots=True)
class People:
    """Everybody before one server, each kind a process of its own; players are the classroom's."""

    room: Classroom
    watchers: Child
    returning: Child
    pages: Child
    window: Child


def measure(around: Surroundings, sizes: Sizes) -> Table:
    """One web process, with page loads, without, and with a browser in turn; who is told one entry too few or twice has
    no figure."""
    kinds = [
        Kind("ours", sizes.mixed_pages, False),
        Kind("without", 0.0, False),
        Kind("window", 0.0, True),
    ]
    figures: dict[str, dict[str, list[float]]] = {kind.name: {} for kind in kinds}
    no_window = "" if chromium.found() else "chromium is not installed"
    missing = ""
    try:
        requests.collect_static(around)
        with contextlib.ExitStack() as open_:
            people = _people(open_, around)
            for number in range(sizes.rounds):
                for kind in kinds:
                    if kind.window and no_window:
                        continue
                    seen = _round(people, around, sizes, kind)
                    say(f"  round {number + 1}, {kind}: " + ", ".join(f"{k} {v:.1f}" for k, v in seen.items()))
                    for key, value in seen.items():
                        figures[kind.name].setdefault(key, []).append(value)
    except Failed as failed:
        say(f"  {failed}")
        missing = str(failed)
    return Table(
        "mixed",
        f"{sizes.mixed_rate:g} ticks/s, {sizes.mixed_administrators} administrators and {sizes.mixed_instructors} "
        f"instructors who watch with presence on, {sizes.mixed_returning} viewers who come and go",
        COLUMNS,
        [_row(kind, figures[kind.name], missing or (no_window if kind.window else "")) for kind in kinds],
    )


def _row(kind: Kind, figures: dict[str, list[float]], missing: str) -> Row:
    if missing:
        return Row(kind.name, str(kind), missing=missing)
    return Row(kind.name, str(kind), {key: Figure(tuple(rounds)) for key, rounds in figures.items()})


def _people(open_: contextlib.ExitStack, around: Surroundings) -> People:
    log = around.folder / "mixed.log"
    room = open_.enter_context(classroom(OURS, around))
    watchers, returning, pages, looking = (
        open_.enter_context(Child(f"tests.bench.{kind}", env=os.environ, log=log))
        for kind in ("watchers", "returning", "pages", "window")
    )
    return People(room, watchers, returning, pages, looking)


def _round(people: People, around: Surroundings, sizes: Sizes, kind: Kind) -> dict[str, float]:
    room = people.room
    room.connect(sizes.mixed_players)
    room.take_places()
    _let_watch(people, around, sizes)
    begin = Ours.position(room.port, around.cookies[0])
    people.watchers.ask("arm", goal=0)
    returning = around.cookies[sizes.mixed_administrators :][: sizes.mixed_returning]
    people.returning.ask("begin", port=room.port, cookies=returning, position=begin)
    if kind.window:
        people.window.ask("look", port=room.port, cookie=around.cookies[0])
    people.pages.tell("load", port=room.port, visits=_visits(around), rate=kind.pages, seconds=sizes.mixed_seconds)
    web, services = _used(people, around)
    acked = room.open(sizes.mixed_rate, sizes.mixed_seconds)
    web, services = (now - before for now, before in zip(_used(people, around), (web, services), strict=True))
    loaded = people.pages.answer(within=60)
    seen = people.watchers.ask("settle", quiet=1, limit=20, within=30)
    end = Ours.position(room.port, around.cookies[0])
    screen = people.window.ask("close", limit=20, within=30) if kind.window else {}
    back = people.returning.ask("finish", position=end, limit=30, within=40)
    told = _told(around, begin[GROUP], end[GROUP])
    _compare(told, people.watchers.ask("told")["told"], "who watch")
    _compare(told, back["told"], "who come and go", back["wrong"])
    people.watchers.ask("drop")
    room.load.ask("drop")
    return {
        "entries": told.count / sizes.mixed_seconds,
        "p50": seen["p50"],
        "p99": seen["p99"],
        **({"screen_p50": screen["p50"], "screen_p99": screen["p99"]} if screen else {}),
        "acked_p50": acked["p50"],
        "acked_p99": acked["p99"],
        **({"page_p50": loaded["p50"], "page_p95": loaded["p95"]} if loaded["loads"] else {}),
        "recoveries": back["recoveries"],
        "recovery_p50": back["p50"],
        "recovery_p99": back["p99"],
        "server": 100 * web / sizes.mixed_seconds,
        "services": 100 * services / sizes.mixed_seconds,
        "load": 100 * sum(each["busy"] for each in (acked, loaded, seen, back)),
    }


def _let_watch(people: People, around: Surroundings, sizes: Sizes) -> None:
    ours = Ours()
    for cookies in (around.cookies[: sizes.mixed_administrators], around.instructors[: sizes.mixed_instructors]):
        target = ours.watching(people.room.port, cookies, presence=True)
        people.watchers.ask("aim", **target.as_command())
        joined = people.watchers.ask(
            "connect", count=len(cookies), wave=32, every=1, goal=0, limit=30, retry=False, within=40
        )
        if not joined["reached"]:
            raise Failed(f"not all of {len(cookies)} who watch joined. {joined['why']}")
    people.watchers.ask("settle", quiet=1, limit=20, within=30)


def _visits(around: Surroundings) -> list[tuple[str, str, str]]:
    administrator, instructor = around.cookies[0], around.instructors[0]
    return [
        ("/dashboard/students/", administrator, "data-entry-id"),
        ("/api/feed/?limit=50", administrator, '"entries"'),
        ("/dashboard/students/", instructor, "data-entry-id"),
        ("/api/feed/?limit=50", instructor, '"entries"'),
    ]


def _used(people: People, around: Surroundings) -> tuple[float, float]:
    return seconds_used(people.room.server.pid), seconds_used(around.postgres) + seconds_used(around.valkey)


def _told(around: Surroundings, begin: str, end: str) -> Told:
    """What the history has between two marks."""
    first, last = (int(mark.rpartition(".")[2]) for mark in (begin, end))
    key = f"{around.environment['REDIS_PREFIX']}:history:{GROUP}"
    told = Told()
    with redis.Redis.from_url(around.redis_url) as client:
        found: list[tuple[bytes, dict[bytes, bytes]]] = client.xrange(key, f"({first}-0", f"{last}-0")
    for _, fields in found:
        for timestamp in TIMESTAMP.findall(fields[b"item"]):
            told.add(moment(timestamp))
    if told.count != last - first:
        raise Failed(f"the history has {told.count} entries, not {last - first}")
    return told


def _compare(told: Told, heard: list[dict[str, Any]], who: str, wrong: list[str] | None = None) -> None:
    others = [each for each in heard if each != asdict(told)]
    if others or wrong:
        raise Failed(f"{len(others)} of {len(heard)} {who} were not told {told}, but {others[:3]}. {wrong or ''}")
