"""Histories in a real Valkey: contiguous offsets, one epoch a life, nothing raised from the dead."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import redis as sync_redis
from django.conf import settings as django_settings

from consumers import hub as hubs
from consumers.hub import Hub, hub
from consumers.viewer import Viewer
from consumers.wire import Queued
from feed.filters import NONE
from feed.history import Histories, Mark, Position, Post
from feed.layer import histories
from project import embedded
from tests.live import ROOT, until

GROUP = "feed.course.7"


def entry(id: str, *, groups: list[str] | None = None) -> Post:
    return Post(json.dumps({"entry": {"id": id}}).encode(), groups or [GROUP], id)


def withdrawal(id: str) -> Post:
    return Post(json.dumps({"withdrawn": id}).encode(), [GROUP], id, withdraws=True)


async def position() -> Mark:
    return (await histories().positions([GROUP]))[GROUP]


async def replayed(mark: Mark) -> list[Any]:
    replay = await histories().replay(GROUP, mark)
    assert replay is not None
    return [json.loads(item) for item in replay.items]


class Watcher(Viewer):
    """A viewer in this process that keeps what it is told."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            self.frames.append(json.loads(message["text"]))

        async def end() -> None:
            raise AssertionError("it reads all that it is given")

        super().__init__(Queued(send), end)

    def ids(self) -> list[str]:
        return [entry["id"] for frame in self.frames for entry in frame.get("entries", [])]

    def resets(self) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["type"] == "reset"]


@pytest_asyncio.fixture
async def own_hub() -> AsyncIterator[Hub]:
    yield hub()
    await hubs.stop()


@pytest.fixture
def fresh_prefix(settings: Any) -> None:
    """A Redis without histories, as far as this test can see."""
    layer = django_settings.CHANNEL_LAYERS["default"]
    prefix = f"{layer['CONFIG']['prefix']}{os.urandom(4).hex()}"
    settings.CHANNEL_LAYERS = {"default": {**layer, "CONFIG": {**layer["CONFIG"], "prefix": prefix}}}


pytestmark = pytest.mark.usefixtures("fresh_prefix")


async def test_reading_a_position_begins_an_epoch_and_marks_are_short() -> None:
    first = await position()
    assert first.offset == 0
    assert await position() == first
    assert len(str(Mark(first.epoch, 9_999_999_999))) <= 32


async def test_a_batch_is_appended_in_order_to_each_of_its_groups() -> None:
    start = await position()
    await histories().append(
        [entry("a:1", groups=["feed.all", GROUP]), entry("a:2", groups=["feed.all"]), entry("a:3")]
    )
    assert [item["entry"]["id"] for item in await replayed(start)] == ["a:1", "a:3"]
    assert (await histories().positions(["feed.all"]))["feed.all"].offset == 2


async def test_a_withdrawn_id_may_not_come_again() -> None:
    start = await position()
    await histories().append([entry("a:1"), withdrawal("a:1"), entry("a:1"), entry("a:2")])
    assert await replayed(start) == [{"entry": {"id": "a:1"}}, {"withdrawn": "a:1"}, {"entry": {"id": "a:2"}}]
    assert (await position()).offset == 3


async def test_a_replay_that_cannot_be_whole_is_none() -> None:
    start = await position()
    await histories().append([entry(f"a:{n}") for n in range(10)])
    assert await histories().replay(GROUP, Mark("0" * 21, 3)) is None
    assert await histories().replay(GROUP, Mark(start.epoch, 11)) is None
    assert await histories().replay(GROUP, start, most=9) is None
    at_the_end = await histories().replay(GROUP, Mark(start.epoch, 10))
    assert at_the_end is not None
    assert at_the_end.items == []


async def test_a_trimmed_history_is_none_and_never_a_hole() -> None:
    student = "feed.student.5"
    start = (await histories().positions([student]))[student]
    for batch in range(10):
        await histories().append([entry(f"a:{batch}.{n}", groups=[student]) for n in range(100)])
    assert await histories().replay(student, start) is None
    recent = await histories().replay(student, Mark(start.epoch, 900))
    assert recent is not None
    assert len(recent.items) == 100


async def test_what_was_read_before_names_changed_is_not_appended_after() -> None:
    start = await position()
    assert not await histories().append([entry("a:1")], life=histories().life)  # it never asked
    life = histories().life
    assert await histories().append([entry("a:1")], life=life)
    await histories().begin_epochs(["feed.course.8"], reason="renamed")
    assert not await histories().append([entry("a:2")], life=life)
    assert histories().life != life
    assert await histories().append([entry("a:3")], life=histories().life)
    assert [item["entry"]["id"] for item in await replayed(start)] == ["a:1", "a:3"]


async def test_an_epoch_begun_anew_resets_viewers_with_its_reason(own_hub: Hub) -> None:
    watcher = Watcher()
    start = await position()
    assert await own_hub.join(watcher, {GROUP: start}, NONE)
    await histories().begin_epochs([GROUP], reason="renamed")
    await until(watcher.resets)
    assert watcher.resets() == [{"type": "reset", "reason": "renamed"}]
    assert (await position()).epoch != start.epoch
    await histories().append([entry("a:1")])
    again = Watcher()
    assert await own_hub.join(again, {GROUP: Mark((await position()).epoch, 0)}, NONE)
    await until(again.ids)
    assert watcher.ids() == []  # nothing more until it subscribes again


async def test_an_epoch_begun_while_a_group_is_being_subscribed_is_its_first_word(
    own_hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, where = await position(), Histories.positions

    async def once_renamed(self: Histories, names: Iterable[str], *, announce: bool = False) -> Position:
        if announce:
            await self.begin_epochs(names, reason="renamed")
        return await where(self, names, announce=announce)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Histories, "positions", once_renamed)
        assert not await own_hub.join(Watcher(), {GROUP: start}, NONE)
    watcher = Watcher()
    assert await own_hub.join(watcher, {GROUP: await position()}, NONE)
    await histories().append([entry("a:1")])
    await until(watcher.ids)


async def test_a_thousand_batches_of_two_processes_are_contiguous_in_order_and_whole(own_hub: Hub) -> None:
    watcher = Watcher()
    start = await position()
    assert await own_hub.join(watcher, {GROUP: start}, NONE)
    prefix = django_settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
    publishers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.publisher", name, "500", cwd=ROOT, env={**os.environ, "REDIS_PREFIX": prefix}
        )
        for name in ("left", "right")
    ]
    assert await asyncio.gather(*(each.wait() for each in publishers)) == [0, 0]
    count = 2 * sum(batch % 3 + 1 for batch in range(500))
    await until(lambda: len(watcher.ids()) >= count, what=f"{len(watcher.ids())} of {count} items")
    ids = watcher.ids()
    assert len(ids) == len(set(ids)) == count
    for name in ("left", "right"):
        mine = [id for id in ids if id.startswith(name)]
        assert mine == [f"{name}:{batch}.{item}" for batch in range(500) for item in range(batch % 3 + 1)]
    offsets = [
        int(frame["position"][GROUP].rpartition(".")[2]) for frame in watcher.frames if frame["type"] == "entries"
    ]
    assert offsets == sorted(offsets)
    reached = 0
    for frame in watcher.frames:
        if frame["type"] == "entries":
            reached += len(frame["entries"])
            assert frame["position"] == {GROUP: str(Mark(start.epoch, reached))}
    assert await position() == Mark(start.epoch, count)


async def test_the_hub_goes_on_listening_whatever_somebody_publishes(own_hub: Hub) -> None:
    watcher = Watcher()
    assert await own_hub.join(watcher, {GROUP: await position()}, NONE)
    prefix = django_settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
    client = sync_redis.Redis.from_url(django_settings.REDIS_URL)
    for nonsense in (b"hello", b"\xc1", b"\x01", b"\x81\xa1x\x01"):
        client.publish(f"{prefix}__group__{GROUP}", nonsense)
    client.close()
    await histories().append([entry("a:1")])
    await until(watcher.ids)
    assert all(not task.done() for task in own_hub._tasks)


async def test_what_the_channel_layer_loses_is_read_again_from_the_history(own_hub: Hub) -> None:
    watcher = Watcher()
    assert await own_hub.join(watcher, {GROUP: await position()}, NONE)
    await histories().append([entry("a:1")])
    await until(watcher.ids)
    client = sync_redis.Redis.from_url(django_settings.REDIS_URL)
    client.client_kill_filter(_type="pubsub")
    for number in range(2, 7):
        await histories().append([entry(f"a:{number}")])
    await until(lambda: len(watcher.ids()) >= 6)
    assert watcher.ids() == [f"a:{number}" for number in range(1, 7)]
    client.close()


@pytest.fixture
def valkey(tmp_path: Path, settings: Any) -> Iterator[Any]:
    """A Valkey of this test's own, to be killed."""
    with embedded.services(tmp_path / "services", durable=False) as both:
        layer = django_settings.CHANNEL_LAYERS["default"]
        hosts = [{**layer["CONFIG"]["hosts"][0], "address": both.redis_url}]
        settings.CHANNEL_LAYERS = {"default": {**layer, "CONFIG": {**layer["CONFIG"], "hosts": hosts}}}
        yield both.valkey


async def test_a_valkey_back_from_an_older_save_begins_a_new_epoch_and_resets_viewers(
    valkey: Any, own_hub: Hub
) -> None:
    client = sync_redis.Redis.from_url(valkey.url)
    start = await position()
    await histories().append([entry("a:1")])
    client.save()
    client.close()
    await histories().append([entry("a:2"), entry("a:3")])
    watcher = Watcher()
    assert await own_hub.join(watcher, {GROUP: start}, NONE)
    await until(lambda: len(watcher.ids()) == 3)
    valkey.kill()
    valkey.start()
    valkey.wait_ready()
    await until(watcher.resets)
    assert watcher.resets() == [{"type": "reset", "reason": "history_lost"}]
    now = await position()
    assert now.epoch != start.epoch
    assert await histories().replay(GROUP, Mark(start.epoch, 1)) is None
    # What was read before is not told now: Redis may have forgotten that it was withdrawn.
    assert not await histories().append([entry("a:4")], life=histories().life)
    await histories().append([entry("a:4")])
    assert (await position()).offset == now.offset + 1
