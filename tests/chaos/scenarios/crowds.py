"""Many at once: floods, frames that are none, publishers side by side, and everybody coming back together."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time

from websockets.exceptions import ConnectionClosed

from tests.chaos.scenario import Case, scenario
from tests.chaos.storm import Storm
from tests.fuzzed_frames import TICKS, drawn, payloads, sent, subscriptions
from tests.live import Client, Live, until
from tests.test_whole_frames import frame

PONG = frame(b'{"type": "pong"}')


@scenario("publishers at once", pace=0.01, lessons=400)
async def publishers(case: Case) -> None:
    """Both web processes publish to the same groups as fast as the class's ticks are committed."""
    await case.some_time(8, 10)


@scenario("flood", pace=0.1, lessons=60)
async def flood(case: Case) -> None:
    """A student sends 20,000 ticks as fast as the line takes them, and comes again whenever closed."""
    live, student = case.at_work.live, case.at_work.students[-1].person
    path = f"/ws/lessons/{case.at_work.afterwards.pk}/progress/"
    began, left = time.monotonic(), 20_000
    session = await live.session(student)
    while left:
        async with live.socket(path, student, session=session) as socket:
            with contextlib.suppress(ConnectionClosed):
                while left:
                    tick = {"type": "progress", "id": left, "watch_percentage": 1, "timestamp": 1}
                    await socket.socket.send(json.dumps(tick))
                    left -= 1
        if socket.closed_with == 4029:
            case.counts["closed for flooding"] += 1
    case.at_work.was_acked_in_time(since=began)
    await case.at_work.until_all_complete_a_lesson(time.monotonic())


@scenario("frames that are none")
async def malformed(case: Case) -> None:
    """Two sockets get frames that no page of ours sends, in an order of the dice; whoever is closed comes again."""
    live, admin = case.at_work.live, case.at_work.viewers[0].person
    student = case.at_work.students[-1].person
    lesson = f"/ws/lessons/{case.at_work.afterwards.pk}/progress/"
    position = (await live.snapshot(admin))["position"]
    await asyncio.gather(
        _spoil(case, live, lesson, student, list(sent(drawn(payloads(TICKS), 400)))),
        _spoil(
            case,
            live,
            "/ws/feed/",
            admin,
            list(sent(drawn(payloads(subscriptions([*position], [*position.values()])), 400))),
        ),
    )


async def _spoil(case: Case, live: Live, path: str, person: object, frames: list[bytes]) -> None:
    case.dice.shuffle(frames)
    session = await live.session(person)  # type: ignore[arg-type]
    while frames:
        async with live.socket(path, person, Client, session=session) as client:  # type: ignore[arg-type]
            while frames and client.closed_with is None:
                for _ in range(min(9, len(frames))):  # twenty bad ones in a row would close
                    client.socket.transport.write(frames.pop())
                    case.counts["frames"] += 1
                client.socket.transport.write(PONG)
                await asyncio.sleep(0)
            marker = {"type": "marker"}
            with contextlib.suppress(ConnectionClosed):
                await client.tell(marker)
                await until(lambda client=client: client.closed_with or client.of("error"), what="an answer")
        case.counts["closed for frames"] += client.closed_with not in (None, 1000)


@scenario("recovery storm", pace=1.5, lessons=30)
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
            case.counts["seconds to be live again"] = round(time.monotonic() - began, 1)  # type: ignore[assignment]
        await case.at_work.until_all_complete_a_lesson(time.monotonic())
        await storm.until_all_have(case.at_work.viewers[0].position)
    case.counts["items at 2,000 viewers"] = storm.items
