"""Who takes more than may be had is refused with a code, and the others go on as before."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async

from consumers import limits
from consumers.limits import Bucket, Sockets
from progress.models import Enrollment, Lesson, User, UserProgress
from tests.bench import wire
from tests.cast import Cast
from tests.live import WITHIN, Client, Live, Player, Site, until

ELSEWHERE = "127.0.0.2"
Begin = Callable[..., Awaitable[Live]]


def test_a_bucket_allows_a_burst_and_then_its_rate() -> None:
    bucket = Bucket(2, 5, now=100)
    assert [bucket.take(100) for _ in range(6)] == [True] * 5 + [False]
    assert [bucket.take(100.5), bucket.take(100.5)] == [True, False]
    assert [bucket.take(200) for _ in range(6)] == [True] * 5 + [False], "it never holds more than the burst"
    assert not bucket.is_full(201)
    assert bucket.is_full(203)


def test_addresses_that_are_quiet_are_forgotten(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.LIMIT_CONNECTS_PER_SECOND = 2
    monkeypatch.setattr(limits, "MOST_REMEMBERED", 3)
    sockets = Sockets()
    for number in range(3):
        assert sockets.may_connect(f"10.0.0.{number}", 0)
    assert sockets.may_connect("10.0.0.9", 0.9)
    assert sockets.may_connect("10.0.0.9", 0.9)
    assert not sockets.may_connect("10.0.0.9", 0.9)
    assert sockets.may_connect("10.0.0.4", 1.0)
    assert set(sockets._connects) == {"10.0.0.9", "10.0.0.4"}
    assert not sockets.may_connect("10.0.0.9", 1.0), "whoever is not quiet is not forgotten"


def test_who_has_overspent_gets_no_new_bucket_until_they_may_have_all_again() -> None:
    sockets = Sockets()
    bucket = Bucket(2, 4, now=0)
    assert [bucket.take(0) for _ in range(5)] == [True] * 4 + [False]
    sockets.overspent(7, bucket, 0)
    assert sockets.spent(7, 1) is bucket
    assert sockets.spent(8, 1) is None
    assert sockets.spent(7, 2) is None
    assert sockets.spent(7, 1) is None, "and is forgotten then"


def test_nobody_who_left_is_kept() -> None:
    sockets = Sockets()
    assert sockets.enter_person(7)
    assert sockets.enter_address("10.0.0.1")
    sockets.leave_person(7)
    sockets.leave_address("10.0.0.1")
    assert not sockets.of_person
    assert not sockets.of_address


@pytest_asyncio.fixture
async def begin(patient_flush: None, cast: Cast, loop_services: None, tmp_path: Path) -> AsyncIterator[Begin]:
    """Begins a site of one web process with these limits, and those that are not named as they are by themselves."""
    async with contextlib.AsyncExitStack() as ending:

        async def with_limits(**named: float) -> Live:
            site = Site(tmp_path, webs=1)
            for name in ("SOCKETS_PER_PERSON", "TICKS_PER_SECOND"):
                site.environment.pop(f"LIMIT_{name}", None)
            site.environment |= {f"LIMIT_{name.upper()}": str(value) for name, value in named.items()}
            ending.push_async_callback(asyncio.to_thread, site.__exit__)
            await asyncio.to_thread(site.__enter__)
            return await ending.enter_async_context(Live(site))

        yield with_limits


@sync_to_async
def enrol(cast: Cast, count: int) -> list[User]:
    people = [User.objects.create(username=f"student{number}") for number in range(count)]
    for person in people:
        Enrollment.objects.create(user=person, course=cast.algorithms)
    return people


def path_of(lesson: Lesson) -> str:
    return f"/ws/lessons/{lesson.pk}/progress/"


async def test_one_socket_more_than_a_person_may_have_is_refused_and_the_others_stay(begin: Begin, cast: Cast) -> None:
    live = await begin(sockets_per_person=3)
    async with contextlib.AsyncExitStack() as stack:
        open = [await stack.enter_async_context(live.player(cast.ada, cast.bernoulli)) for _ in range(3)]
        async with live.socket(path_of(cast.bernoulli), cast.ada) as fourth:
            assert await fourth.until_closed() == 4409
        async with live.player(cast.bob, cast.bernoulli) as his:
            assert (await his.watch(to=5))["watch_percentage"] == 5
        for to, player in enumerate(open, start=1):
            assert (await player.watch(to=to))["watch_percentage"] == to
    async with live.player(cast.ada, cast.bernoulli) as again:  # those before are gone
        assert (await again.watch(to=50))["watch_percentage"] == 50


async def test_an_address_has_so_many_sockets_and_another_has_its_own(begin: Begin, cast: Cast) -> None:
    live = await begin(sockets_per_address=4)
    people = await enrol(cast, 6)
    async with contextlib.AsyncExitStack() as stack:
        for person in people[:4]:
            await stack.enter_async_context(live.player(person, cast.bernoulli))
        async with live.socket(path_of(cast.bernoulli), people[4]) as fifth:
            assert await fifth.until_closed() == 4409
        async with live.socket(path_of(cast.bernoulli), people[5], Player, source=ELSEWHERE) as other:
            await other.until("welcome")


async def test_connects_come_no_faster_than_allowed_and_another_address_does_not_notice(
    begin: Begin, cast: Cast
) -> None:
    live = await begin(connects_per_second=5, sockets_per_person=0)
    session = await live.session(cast.ada)
    codes: list[int | None] = []

    async def knock() -> None:
        async with live.socket(path_of(cast.bernoulli), cast.ada, Client, session=session) as client:
            await until(lambda: client.of("welcome") or client.closed_with is not None)
            codes.append(client.closed_with)

    await asyncio.gather(*(knock() for _ in range(30)))
    assert set(codes) == {None, 4029}
    assert 5 <= codes.count(None) < 20
    async with live.socket(path_of(cast.bernoulli), cast.bob, Player, source=ELSEWHERE) as other:
        await other.until("welcome")
    async with asyncio.timeout(10):
        while codes[-1] is not None:  # later it may come again
            await knock()


async def test_a_handshake_in_pieces_is_let_in_like_any_other(begin: Begin, cast: Cast) -> None:
    live = await begin(connects_per_second=20)
    async with live.player(cast.ada, cast.bernoulli) as player:  # in one piece
        await player.until("welcome")
    host, port = live.site.address().split(":")
    headers = {"Origin": f"http://{host}:{port}", "Cookie": f"sessionid={await live.session(cast.ada)}"}
    request = wire.handshake(host, int(port), path_of(cast.bernoulli), headers)
    reader, writer = await asyncio.open_connection(host, int(port))
    async with asyncio.timeout(WITHIN):
        writer.write(request[:20])
        await writer.drain()
        async with live.player(cast.bob, cast.bernoulli) as other:  # the piece has arrived by then
            await other.until("welcome")
        writer.write(request[20:])
        await reader.readuntil(wire.HEAD_END)
        assert b"welcome" in await reader.read(4096)
    writer.close()


async def test_a_handshake_in_pieces_is_counted_as_one_in_a_piece_is(begin: Begin, cast: Cast) -> None:
    live = await begin(connects_per_second=1)
    session = await live.session(cast.ada)
    host, port = live.site.address().split(":")
    headers = {"Origin": f"http://{host}:{port}", "Cookie": f"sessionid={session}"}
    request = wire.handshake(host, int(port), path_of(cast.bernoulli), headers)

    async def knock(*pieces: bytes) -> bytes:
        """What is said until a word or a close has come."""
        reader, writer = await asyncio.open_connection(host, int(port), local_addr=(ELSEWHERE, 0))
        async with asyncio.timeout(WITHIN):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            heard = await reader.readuntil(wire.HEAD_END)
            heard += await reader.read(4096) or b""
        writer.close()
        return heard

    close = b"\x88\x02" + (4029).to_bytes(2)
    assert b"welcome" in await knock(request)
    seen = set[bytes]()
    async with asyncio.timeout(WITHIN):
        while len(seen) < 2:
            heard = await knock(request[:20], request[20:])
            seen.add(b"refused" if heard.endswith(close) else b"let in" if b"welcome" in heard else heard)
    assert seen == {b"refused", b"let in"}, seen
    while not (heard := await knock(request)).endswith(close):
        assert b"welcome" in heard
    assert heard.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")


async def test_a_flood_of_ticks_closes_its_socket_and_what_was_acked_is_stored(begin: Begin, cast: Cast) -> None:
    live = await begin()
    async with live.player(cast.ada, cast.bernoulli) as flooding, live.player(cast.bob, cast.bernoulli) as other:
        for id in range(1, 200):
            with contextlib.suppress(Exception):  # closed on the way
                await flooding.tell({"type": "progress", "id": id, "watch_percentage": id / 10, "timestamp": id / 10})
        assert await flooding.until_closed() == 4029
        acked = flooding.of("ack")[-1]
        assert 60 <= len(flooding.of("ack")) < 80
        assert (await UserProgress.objects.aget(user=cast.ada)).video_watch_percentage == acked["watch_percentage"]
        assert (await other.watch(to=10))["watch_percentage"] == 10
    async with live.player(cast.ada, cast.bernoulli) as again:
        assert (await again.watch(to=90))["watch_percentage"] == 90


async def test_a_classroom_of_sixty_behind_one_address_never_meets_a_limit(begin: Begin, cast: Cast) -> None:
    live = await begin()
    people = await enrol(cast, 60)
    async with contextlib.AsyncExitStack() as stack:
        players = await asyncio.gather(
            *(stack.enter_async_context(live.player(person, cast.bernoulli)) for person in people)
        )
        acks = await asyncio.gather(*(player.watch(to=55) for player in players))
        assert [ack["watch_percentage"] for ack in acks] == [55] * 60
        viewers = await asyncio.gather(*(stack.enter_async_context(live.feed(person)) for person in people))
        for viewer in viewers:
            await viewer.until_shown("progress_update") if not viewer.entries else None
        assert {player.closed_with for player in [*players, *viewers]} == {None}
