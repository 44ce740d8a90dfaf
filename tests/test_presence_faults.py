"""Presence when something fails: a web process is killed, Redis is away, or has lost everything."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
import redis
from django.conf import settings
from redis.exceptions import RedisError

from feed.layer import HistoryChannelLayer
from feed.presence import tally
from feed.presence.store import Presences
from progress.models import Enrollment, User
from project.embedded import Valkey
from tests.cast import Cast
from tests.faults import valkey_of_its_own
from tests.live import Live, Player, Site, until

PREFIX = settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
LAPSED_WITHIN = 10.0
HERE, THERE = 5, 4
"""Students on one web process, and on the other."""


@pytest.fixture(scope="module")
def running(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Valkey]]:
    """A site on a Redis of its own."""
    folder = tmp_path_factory.mktemp("presence")
    with (
        site.without_worker(),
        valkey_of_its_own(folder / "valkey") as valkey,
        Site(folder, redis_url=valkey.url) as own,
    ):
        yield own, valkey


class Room:
    """The class, and who is there by that Redis."""

    def __init__(self, live: Live, valkey: Valkey, presences: Presences) -> None:
        self.live, self.valkey, self.presences = live, valkey, presences
        self.people: set[int] = set()
        self.players: list[list[Player]] = [[], []]

    async def count(self) -> dict[str, int] | None:
        """How many seats are in which state; None where Redis is away."""
        try:
            present = await self.presences.read(None)
        except (RedisError, OSError):
            return None
        seats = [seat for seat in present.seats if seat.user_id in self.people]
        assert len({(seat.user_id, seat.lesson_id) for seat in seats}) == len(seats)
        states = [seat.state for seat in seats]
        assert tally(seats).watching == states.count("playing")
        return {state: states.count(state) for state in sorted(set(states))}

    async def until(self, expected: dict[str, int] | None, *, within: float = 15.0) -> None:
        """Wait until the seats are exactly so many."""
        deadline = time.monotonic() + within
        while (counted := await self.count()) != expected:
            assert time.monotonic() < deadline, f"{counted}, not {expected}"
            await asyncio.sleep(0.05)

    async def play(self, web: int) -> None:
        """A tick of each."""
        for player in self.players[web]:
            player.ticks += 1
            await player.tick(
                player="p", id=player.ticks, watch_percentage=0, timestamp=1, segments=[], state="playing"
            )


@pytest_asyncio.fixture
async def room(
    patient_flush: None, cast: Cast, running: tuple[Site, Valkey], loop_services: None
) -> AsyncIterator[Room]:
    """HERE and THERE students play, a player each."""
    site, valkey = running
    layer = HistoryChannelLayer(hosts=[{"address": valkey.url, "socket_timeout": 3}], prefix=PREFIX)._get_layer()
    async with Live(site) as live, contextlib.AsyncExitStack() as stack:
        room = Room(live, valkey, Presences(layer.client, prefix=PREFIX))
        stack.push_async_callback(layer.flush)
        for number in range(HERE + THERE):
            person = await User.objects.acreate(username=f"student{number}")
            await Enrollment.objects.acreate(user=person, course=cast.algorithms)
            room.people.add(person.pk)
            web = int(number >= HERE)
            player = await stack.enter_async_context(live.player(person, cast.bernoulli, web=web))
            room.players[web].append(player)
        for web in (0, 1):
            await room.play(web)
        yield room


async def test_the_seats_of_a_killed_process_lapse_within_ten_seconds_and_come_back_elsewhere(
    room: Room, cast: Cast
) -> None:
    await room.until({"playing": HERE + THERE})
    killed = time.monotonic()
    room.live.site.end("web1", signal.SIGKILL)

    async def play_on() -> None:
        while True:
            await room.play(0)
            await asyncio.sleep(1)

    playing = asyncio.create_task(play_on())
    try:
        await room.until({"gone": THERE, "playing": HERE}, within=LAPSED_WITHIN)
        print(f"\nlapsed {time.monotonic() - killed:.1f} s after the kill")  # noqa: T201
        student = await User.objects.aget(username=f"student{HERE}")
        async with room.live.player(student, cast.bernoulli):
            await room.until({"gone": THERE - 1, "paused": 1, "playing": HERE})
    finally:
        playing.cancel()
        await asyncio.wait([playing])
    room.live.site.end("web0")  # in order: it says itself that everybody there has left
    await room.until({"gone": THERE + HERE}, within=3)
    for web in (0, 1):
        room.live.site.start(f"web{web}")
    for web in (0, 1):
        await asyncio.to_thread(room.live.site.wait_ready, web)


async def test_an_emptied_redis_knows_everybody_again_within_seconds(room: Room) -> None:
    await room.until({"playing": HERE + THERE})
    with redis.Redis.from_url(room.valkey.url) as client:
        client.flushall()
    assert await room.count() == {}
    await room.until({"playing": HERE + THERE}, within=5)


async def test_redis_is_away_and_comes_back_and_students_notice_nothing(room: Room) -> None:
    await room.until({"playing": HERE + THERE})
    await asyncio.to_thread(room.valkey.kill)
    await room.until(None)
    began = time.monotonic()
    await room.play(0)
    await room.play(1)
    assert time.monotonic() - began < 5
    for player in room.players[1][1:]:
        await player.socket.close()
    await until(lambda: all("Presence is not written" in room.live.site.log(f"web{web}") for web in (0, 1)))
    room.valkey.start()  # from the main thread: it ends with the thread that started it
    await asyncio.to_thread(room.valkey.wait_ready)
    await room.until({"gone": THERE - 1, "playing": HERE + 1})
