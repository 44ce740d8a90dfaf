"""Whoever does not read costs nobody anything: passed over, caught up, and closed where nothing moves any more."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from feed.history import Post
from feed.layer import histories
from tests.bare_viewer import BareViewer
from tests.cast import Cast
from tests.live import Live, Viewer, until
from tests.memory import memory

PAD = "x" * 20_000


FIRST_OF_OURS = 1_000_000
"""The histories refuse what was withdrawn today, as other tests do with entries of low numbers."""


def padded(number: int) -> Post:
    """An entry of 20 KB."""
    id = f"progress_update:{FIRST_OF_OURS + number}"
    entry = {"id": id, "type": "progress_update", "timestamp": f"2026-11-24T16:00:{number:09d}Z", "pad": PAD}
    return Post(json.dumps({"entry": entry}).encode(), ["feed.all"], id)


def small(number: int) -> Post:
    """An entry of a few bytes."""
    id = f"exam_attempt:{FIRST_OF_OURS + number}"
    entry = {"id": id, "type": "exam_attempt", "timestamp": "2026-11-24T16:00:00.000000Z"}
    return Post(json.dumps({"entry": entry}).encode(), ["feed.all"], id)


@pytest_asyncio.fixture
async def start(live: Live, cast: Cast) -> AsyncIterator[dict[str, str]]:
    yield (await live.snapshot(cast.admin))["position"]


async def give(viewer: Any, numbers: range) -> None:
    """Publish, a megabyte at a time, as fast as this viewer reads."""
    for first in range(numbers.start, numbers.stop, 50):
        await histories().append([padded(number) for number in range(first, first + 50)])
        await until(
            lambda last=first + 49: f"progress_update:{FIRST_OF_OURS + last}" in viewer.entries, what="a megabyte"
        )


async def test_one_who_stops_reading_is_closed_and_costs_the_process_nothing(
    live: Live, cast: Cast, start: dict[str, str]
) -> None:
    process = live.site.processes["web0"].pid
    async with live.feed(cast.admin) as reading:
        await give(reading, range(1000, 1500))  # the process has then what buffers it needs for one who reads
        before = memory(process)
        async with BareViewer(live, cast.admin, (await live.snapshot(cast.admin))["position"]) as deaf:
            await give(reading, range(2000, 7000))  # 100 MB
            grown = memory(process) - before
            assert grown < 5 << 20, f"{grown >> 10} KB"
            await until(lambda: "A socket reads too slowly" in live.site.log("web0"), within=20)
            await deaf.until_closed()
        offsets = [int(mark.rpartition(".")[2]) for _group, mark in reading.offsets]
        assert offsets == sorted(offsets)
        assert reading.of("reset") == []


MANY = range(1000, 1400)
"""8 MB: more than the kernels hold between the two, and no more items than a replay gives."""


def stop_reading(viewer: Viewer) -> None:
    """Read nothing more, and have the kernel hold little."""
    viewer.socket.transport.pause_reading()
    viewer.socket.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)


async def test_one_who_reads_again_in_time_catches_up_from_the_history(live: Live, cast: Cast) -> None:
    async with live.feed(cast.admin) as reading, live.feed(cast.admin) as slow:
        stop_reading(slow)
        await give(reading, MANY)
        slow.socket.transport.resume_reading()
        await until(lambda: slow.entries.keys() == reading.entries.keys(), what="what it missed")
        told = [entry["id"] for frame in slow.of("entries") for entry in frame["entries"]]
        assert told == [f"progress_update:{FIRST_OF_OURS + number}" for number in MANY]  # in order, none twice
        assert slow.of("reset") == []
        await histories().append([small(1)])  # and it is live again
        await slow.until_shown("exam_attempt")


async def test_one_who_missed_more_than_a_replay_gives_is_told_to_begin_anew(live: Live, cast: Cast) -> None:
    async with live.feed(cast.admin) as reading, live.feed(cast.admin) as slow:
        stop_reading(slow)
        await give(reading, MANY)
        await histories().append([small(number) for number in range(1200)])
        await until(lambda: f"exam_attempt:{FIRST_OF_OURS + 1199}" in reading.entries)
        slow.socket.transport.resume_reading()
        assert (await slow.until("reset"))["reason"] == "history_lost"


@pytest.mark.parametrize("kind", ["feed", "progress"])
async def test_one_who_floods_is_not_read_until_it_is_its_turn(live: Live, cast: Cast, kind: str) -> None:
    process = live.site.processes["web0"].pid
    path = "/ws/feed/" if kind == "feed" else f"/ws/lessons/{cast.bernoulli.pk}/progress/"
    frame = json.dumps({"type": "progress", "id": 1, "watch_percentage": 1, "timestamp": 1, "pad": "x" * 7000})
    subscribe = json.dumps({"type": "subscribe", "position": None, "pad": "x" * 7000})
    async with live.socket(path, cast.ada) as flooding, live.feed(cast.grace) as grace:
        before = memory(process)
        for _ in range(3000):  # 21 MB
            await flooding.tell(subscribe if kind == "feed" else frame)
        assert memory(process) - before < 5 << 20
        async with live.player(cast.bob, cast.bernoulli) as player:
            await player.watch(to=60)
        await grace.until_shown("progress_update")
        await until(lambda: len(flooding.of("subscribed" if kind == "feed" else "ack")) == 3000, within=60)
