"""What viewers who come back have missed is read once for all of them, and every one of them gets all of it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from django.conf import settings as django_settings

from consumers import hub as hubs
from consumers.hub import Hub, hub
from consumers.viewer import Viewer
from consumers.wire import Queued
from feed.filters import NONE, parse_filters
from feed.history import Histories, Mark, Post
from feed.layer import histories
from progress import ending
from tests.live import until

GROUPS = ["feed.course.1", "feed.course.2"]


@pytest.fixture(autouse=True)
def fresh_prefix(settings: Any) -> None:
    """A Redis without histories, as far as this test can see."""
    layer = django_settings.CHANNEL_LAYERS["default"]
    prefix = f"{layer['CONFIG']['prefix']}{os.urandom(4).hex()}"
    settings.CHANNEL_LAYERS = {"default": {**layer, "CONFIG": {**layer["CONFIG"], "prefix": prefix}}}


@pytest_asyncio.fixture
async def own_hub() -> AsyncIterator[Hub]:
    yield hub()
    await hubs.stop()


def entries(numbers: range, group: str = GROUPS[0]) -> list[Post]:
    """Entries of two types in turn."""
    types = {0: "exam_attempt", 1: "lesson_completed"}
    ids = [f"{types[number % 2]}:{number}" for number in numbers]
    return [Post(json.dumps({"entry": {"id": id, "type": id.split(":")[0]}}).encode(), [group], id) for id in ids]


class Page(Viewer):
    """A viewer in this process that keeps what it is told."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            self.frames.append(json.loads(message["text"]))

        async def end() -> None:
            raise AssertionError("it reads all that it is given")

        super().__init__(Queued(send), end)

    def numbers(self) -> list[int]:
        """The numbers of the entries, as they came."""
        return [int(each["id"].split(":")[1]) for frame in self.frames for each in frame.get("entries", [])]


@pytest.fixture
def scripts_run(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many places each reading of the histories was asked for."""
    asked: list[int] = []
    replays = Histories.replays

    async def counted(self: Histories, places: Any) -> Any:
        asked.append(len(places))
        return await replays(self, places)

    monkeypatch.setattr(Histories, "replays", counted)
    return asked


async def test_a_class_that_comes_back_at_once_is_replayed_by_few_readings(
    own_hub: Hub, scripts_run: list[int]
) -> None:
    start = (await histories().positions(GROUPS))[GROUPS[0]]
    await histories().append(entries(range(1, 61)))
    pages = [(Page(), Mark(start.epoch, missed % 50)) for missed in range(500)]
    joined = await asyncio.gather(*(own_hub.join(page, {GROUPS[0]: mark}, NONE) for page, mark in pages))
    assert all(joined)
    await until(lambda: all(page.numbers() == list(range(mark.offset + 1, 61)) for page, mark in pages))
    assert len(scripts_run) <= 3
    await histories().append(entries(range(61, 63)))
    await until(lambda: all(page.numbers() == list(range(mark.offset + 1, 63)) for page, mark in pages))


async def test_each_gets_what_their_filters_admit_of_what_they_missed(own_hub: Hub) -> None:
    start = await histories().positions(GROUPS)
    await histories().append(entries(range(1, 31)) + entries(range(31, 41), GROUPS[1]))
    exams, completions = (Page() for _ in range(2))
    joined = await asyncio.gather(
        own_hub.join(exams, start, parse_filters({"type": ["exam_attempt"]})),
        own_hub.join(completions, start, parse_filters({"type": ["lesson_completed"]})),
    )
    assert joined == [True, True]
    await until(lambda: exams.numbers() == list(range(2, 41, 2)))
    await until(lambda: completions.numbers() == list(range(1, 41, 2)))


async def test_one_who_missed_too_much_or_is_of_another_life_spoils_nothing_for_the_others(own_hub: Hub) -> None:
    start = (await histories().positions(GROUPS))[GROUPS[0]]
    await histories().append(entries(range(1, 1101)))
    marks = [start, Mark("dead", 5), Mark(start.epoch, 2000), Mark(start.epoch, 1050)]
    pages = [Page() for _ in marks]
    joined = await asyncio.gather(
        *(own_hub.join(page, {GROUPS[0]: mark}, NONE) for page, mark in zip(pages, marks, strict=True))
    )
    assert joined == [False, False, False, True]
    await until(lambda: pages[3].numbers() == list(range(1051, 1101)))


async def test_what_one_missed_in_all_groups_together_has_a_bound(own_hub: Hub) -> None:
    start = await histories().positions(GROUPS)
    await histories().append(entries(range(600)) + entries(range(600, 1200), GROUPS[1]))
    assert not await own_hub.join(Page(), start, NONE)


async def test_a_hub_stops_though_a_library_lost_the_word_that_it_should(
    own_hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "AGAIN_SECONDS", 0.05)
    deaf = []

    async def listen(self: Hub) -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                deaf.append(1)
                if len(deaf) > 2:
                    raise

    monkeypatch.setattr(Hub, "_listen", listen)
    await own_hub.start()
    await asyncio.sleep(0)  # its tasks have begun
    async with asyncio.timeout(5):
        await own_hub.stop()
    assert len(deaf) == 3


async def test_many_first_viewers_of_a_group_subscribe_it_once(own_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    announced: list[list[str]] = []
    positions = Histories.positions

    async def counted(self: Histories, names: Any, *, announce: bool = False) -> Any:
        if announce:
            announced.append(list(names))
        return await positions(self, names, announce=announce)

    monkeypatch.setattr(Histories, "positions", counted)
    start = await histories().positions(GROUPS)
    pages = [Page() for _ in range(100)]
    assert all(await asyncio.gather(*(own_hub.join(page, start, NONE) for page in pages)))
    assert sorted(group for groups in announced for group in groups) == GROUPS
