"""Many at once: floods, frames that are none, publishers side by side, and everybody coming back together."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from functools import partial

from websockets.exceptions import ConnectionClosed

from progress.models import User
from tests.chaos.scenario import Case, scenario
from tests.chaos.storm import Storm
from tests.fuzzed_frames import TICKS, drawn, payloads, sent, subscriptions
from tests.live import Client, Live, until
from tests.test_whole_frames import frame

PONG = frame(b'{"type": "pong"}')
TOO_MANY = 4029
MAY_BE_CLOSED_WITH = (1000, 1002, 1003, 1007, 1009, 4000)
"""What our protocol and WebSocket's own have for frames that are none, and for a client that leaves."""


@scenario("publishers at once", pace=0.01, lessons=400)
async def publishers(case: Case) -> None:
    """Both web processes publish to the same groups as fast as the class's ticks are committed."""
    await case.some_time(8, 10)


@scenario("flood", pace=0.6, lessons=20, settings={"LIMIT_TICKS_PER_SECOND": "2"})
async def flood(case: Case) -> None:
    """A student sends 20,000 ticks as fast as the line takes them, and comes again whenever closed for that (4029)."""
    live, student = case.at_work.live, case.at_work.students[-1].person
    path = f"/ws/lessons/{case.at_work.afterwards.pk}/progress/"
    left, session = 20_000, await live.session(student)
    while left:
        async with live.socket(path, student, session=session) as socket:
            with contextlib.suppress(ConnectionClosed):
                while left:
                    tick = {"type": "progress", "id": left, "watch_percentage": 1, "timestamp": 1}
                    await socket.socket.send(json.dumps(tick))
                    left -= 1
        assert socket.closed_with in (1000, TOO_MANY), f"closed with {socket.closed_with}"
        case.count("closed for flooding", socket.closed_with == TOO_MANY)
    assert case.counts["closed for flooding"], "nobody was stopped"
    await case.at_work.until_all_complete_a_lesson(time.monotonic())


@scenario("frames that are none")
async def malformed(case: Case) -> None:
    """Two sockets get frames that no page of ours sends, in an order of the dice; whoever is closed comes again."""
    live, admin = case.at_work.live, case.at_work.viewers[0].person
    student = case.at_work.students[-1].person
    lesson = f"/ws/lessons/{case.at_work.afterwards.pk}/progress/"
    position = (await live.snapshot(admin))["position"]
    spoilt = subscriptions([*position], [*position.values()])
    await asyncio.gather(
        _spoil(case, live, lesson, student, list(sent(drawn(payloads(TICKS), 400)))),
        _spoil(case, live, "/ws/feed/", admin, list(sent(drawn(payloads(spoilt), 400)))),
    )


async def _spoil(case: Case, live: Live, path: str, person: User, frames: list[bytes]) -> None:
    """Send them, a few at a time, each few followed by a marker whose answer is waited for."""
    case.dice.shuffle(frames)
    session = await live.session(person)
    while frames:
        async with live.socket(path, person, session=session) as client:
            while frames and client.closed_with is None:
                for _ in range(min(9, len(frames))):  # twenty bad ones in a row would close
                    client.socket.transport.write(frames.pop())
                    case.count("frames")
                marker = f"marker {len(frames)}"
                client.socket.transport.write(PONG + frame(json.dumps({"type": marker}).encode()))
                await until(partial(_has_answered, client, marker), what=f"the answer to {marker}")
                client.frames.clear()
        assert client.closed_with in MAY_BE_CLOSED_WITH, f"closed with {client.closed_with}"
        case.count("closed for frames", client.closed_with != 1000)


def _has_answered(client: Client, marker: str) -> bool:
    """Whether it has complained of the marker, or is closed."""
    return client.closed_with is not None or any(marker in each["detail"] for each in client.of("error"))


@scenario("recovery storm", pace=1.5, lessons=30, to_the_end=True)
async def recovery_storm(case: Case) -> None:
    """Two thousand viewers lose their sockets at once and come back with their positions while entries come."""
    admin = case.at_work.viewers[0].person
    position = (await case.at_work.live.snapshot(admin))["position"]
    session = await case.at_work.live.session(admin)
    async with Storm(case.world.site, session, position, 2_000) as storm:
        await storm.until_all_are_live()
        for _ in range(2):
            await case.some_time(1, 3)
            storm.break_off()
            await case.some_time(0.2, 1)
            began = time.monotonic()
            await storm.come_back()
            await storm.until_all_are_live()
            case.count("seconds until 2,000 are live again, twice", time.monotonic() - began)
        await case.at_work.until_all_complete_a_lesson(time.monotonic())
        await storm.until_all_have(case.at_work.viewers[0].position)
    case.count("items at 2,000 viewers", storm.items)
