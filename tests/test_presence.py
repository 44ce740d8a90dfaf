"""Presence over processes: counted once, right after one of them is killed, and after Redis has lost everything."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
import redis

from feed import presence
from feed.presence import keeper as keeping
from feed.presence import rules
from feed.presence.store import CHUNK, Held, presences
from progress import newest, school
from progress.models import Enrollment, Lesson, User
from progress.reports import Ack
from progress.ticks import Tick
from tests.cast import Cast
from tests.live import Live, Player, until

LAPSED_WITHIN = 10.0


async def until_seats(expected: Callable[[dict[tuple[str, str], str]], Any], *, within: float = 15.0) -> Any:
    """Wait until who is there, as {(user name, lesson): state}, is as expected."""
    names: dict[int, str | None] = {}
    deadline = time.monotonic() + within
    while True:
        found = await presence.seats(None)
        for seat in found:
            if seat.user_id not in names:
                names[seat.user_id] = (
                    await User.objects.values_list("username", flat=True).filter(pk=seat.user_id).afirst()
                )
        # A player of the test before may have left after its student was removed.
        seats = [(name, seat) for seat in found if (name := names[seat.user_id])]
        there = {(name, str(seat.lesson_id)): str(seat.state) for name, seat in seats}
        if answer := expected(there):
            return answer
        assert time.monotonic() < deadline, there
        await asyncio.sleep(0.05)


def exactly(**states: str) -> Callable[[dict[tuple[str, str], str]], bool]:
    """Whether these people have a seat each in these states, and nobody else has one."""
    return lambda there: sorted((name, state) for (name, _), state in there.items()) == sorted(states.items())


async def play(player: Player, state: str = "playing", *, position: float = 5.0) -> None:
    player.ticks += 1
    await player.tick(
        player="p", id=player.ticks, watch_percentage=0, timestamp=position, segments=[[0, 3]], state=state
    )


@pytest_asyncio.fixture
async def room(live: Live) -> AsyncIterator[Live]:
    """The running site, in which nobody sits of those who sat there in other tests of this run."""
    await presence.forget({seat.user_id for seat in await presence.seats(None)})
    yield live


async def test_a_student_plays_pauses_and_leaves(room: Live, cast: Cast) -> None:
    async with room.player(cast.ada, cast.bernoulli) as ada:
        await until_seats(exactly(ada="paused"))
        await play(ada)
        await until_seats(exactly(ada="playing"))
        [seat] = await presence.seats([cast.algorithms.pk])
        assert (seat.lesson_id, seat.position, seat.percentage) == (cast.bernoulli.pk, 5.0, 3.0)
        assert rules.runs(seat.watched) == [(0, 1)]  # of the three seconds that its budget pays, in cells of two
        await play(ada, "paused")
        await until_seats(exactly(ada="paused"))
        assert await presence.seats([cast.botany.pk]) == []
        assert presence.tally(await presence.seats(None)) == presence.Tally(watching=0, here=1)
    await until_seats(exactly(ada="gone"))
    assert presence.tally(await presence.seats(None)) == presence.Tally(watching=0, here=0)


async def test_two_tabs_on_two_processes_are_one_seat_until_both_are_closed(room: Live, cast: Cast) -> None:
    async with room.player(cast.ada, cast.bernoulli) as first:
        await play(first)
        async with room.player(cast.ada, cast.bernoulli, web=1) as second:
            await play(second, "paused")
            await until_seats(exactly(ada="playing"))
        async with room.player(cast.ada, cast.bernoulli, web=0):
            pass
        await play(first)
        await until_seats(exactly(ada="playing"))
    await until_seats(exactly(ada="gone"))


async def test_whoever_goes_from_lesson_to_lesson_leaves_one_seat_the_last_one(room: Live, cast: Cast) -> None:
    sets = await Lesson.objects.acreate(course=cast.algorithms, title="Sets", slug="sets", duration=60)
    for lesson in (cast.bernoulli, sets):
        async with room.player(cast.ada, lesson):
            await until_seats(lambda there, lesson=lesson: there == {("ada", str(lesson.pk)): "paused"})
    await until_seats(lambda there: there == {("ada", str(sets.pk)): "gone"})


async def test_a_tick_by_post_takes_a_seat(room: Live, cast: Cast) -> None:
    browser = await room.http(cast.bob)
    tick = {"watch_percentage": 10, "timestamp": 10}
    posted = await browser.post(f"/api/lessons/{cast.bernoulli.pk}/progress/", json=tick)
    assert posted.status_code == 200, posted.text
    await until_seats(exactly(bob="playing"))


async def test_who_posts_no_more_has_left(loop_services: None, monkeypatch: pytest.MonkeyPatch) -> None:
    bob, lesson, course = 2**40, 2**41, 2**42
    monkeypatch.setattr(keeping, "POSTED_SECONDS", 1.0)
    keeping.keeper().start()

    async def until_bob(state: str) -> None:
        async with asyncio.timeout(4):
            while [seat.state for seat in await presence.seats([course])] != [state]:
                await asyncio.sleep(0.05)

    try:
        for _ in range(2):  # the second one comes before the first has lapsed
            noted = newest.noted()
            assert noted is not None
            newest.note(noted, [Tick(bob, lesson, 10, 10)], [Ack(None, 10, "in_progress", False, course_id=course)])
            await until(lambda: not newest.noted())
            await until_bob("playing")
        await until_bob("gone")
    finally:
        await keeping.stop()


async def test_a_class_larger_than_one_write_takes_a_seat_each_and_leaves(loop_services: None) -> None:
    first, lesson, course, process = 2**43, 2**44, 2**45, "a-test"  # nobody else in these tests

    def held(count: int, *, left: bool = False) -> list[Held]:
        return [Held(course, first + each, lesson, left, 0, 0, None, "playing", 1.0, 2.0, "0") for each in range(count)]

    size = 2 * CHUNK + 1
    write = presences().write
    assert not (await write(process, [course], held(size))).known
    states = [(seat.user_id, seat.state) for seat in await presence.seats([course])]
    assert sorted(states) == [(first + each, "playing") for each in range(size)]
    assert (await write(process, [course], [])).known  # nothing changed: held on, all the same
    assert (await write(process, [], held(size, left=True))).known
    assert {seat.state for seat in await presence.seats([course])} == {"gone"}
    await presence.forget(range(first, first + size))


async def test_whoever_may_not_watch_any_more_has_no_seat_any_more(room: Live, cast: Cast) -> None:
    async with room.player(cast.ada, cast.bernoulli) as ada, room.player(cast.bob, cast.bernoulli, web=1) as bob:
        await play(ada)
        await play(bob)
        await until_seats(exactly(ada="playing", bob="playing"))
        enrolled = await Enrollment.objects.aget(user=cast.ada)
        enrolled.active = False
        await asyncio.to_thread(school.save_enrollment, enrolled)
        assert await ada.until_closed() == 4403
        await until_seats(exactly(ada="gone", bob="playing"))


async def test_of_one_who_is_erased_nothing_is_left(room: Live, cast: Cast, redis_texts: Callable[[], str]) -> None:
    pk = cast.ada.pk
    async with room.player(cast.ada, cast.bernoulli) as ada, room.player(cast.bob, cast.bernoulli) as bob:
        await play(ada)
        await play(bob)
        await until_seats(exactly(ada="playing", bob="playing"))
        assert f"{pk}:{cast.bernoulli.pk}" in redis_texts()
        await asyncio.to_thread(school.remove_people, User.objects.filter(pk=pk))
        await ada.until_closed()
        await until_seats(exactly(bob="playing"))
        await play(bob, "paused")
        await until_seats(exactly(bob="paused"))  # what there was to write of ada's socket was written before that
        assert f"{pk}:{cast.bernoulli.pk}" not in redis_texts()


@pytest.fixture
def redis_texts() -> Any:
    """All that presence's hashes hold, as text."""
    from django.conf import settings

    prefix = settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]

    def read() -> str:
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            keys = [*client.keys(f"{prefix}:seats:*"), *client.keys(f"{prefix}:left:*")]
            return "".join(str(client.hgetall(key)) for key in keys)

    return read
