"""Both sockets under ten thousand frames that no page of ours sends: each is answered, and nobody else feels it."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cast import Cast
from tests.fuzzed_frames import BROKEN, TICKS, drawn, payloads, sent, spoilt_handshakes, subscriptions
from tests.live import ROOT, WITHIN, Client, Live, Viewer, until
from tests.test_whole_frames import frame

PROTOCOL = (ROOT / "docs/protocol.md").read_text()
CODES = set(re.findall(r"`([a-z_]+)`", "".join(row[:200] for row in re.findall(r"^\| (`.*?) \|", PROTOCOL, re.M))))
CLOSES = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", PROTOCOL, re.M) for code in row.split(", ")}

EACH = 5000
"""Frames to each of the two sockets."""

PONG = frame(b'{"type": "pong"}')
IN_A_ROW = 9
"""Frames between two pongs, each with a marker behind it: twenty bad ones in a row would close."""


class Sender(Client):
    """Sends raw bytes, and hears what each frame was answered."""

    async def fuzz(self, frames: Sequence[bytes]) -> list[tuple[bytes, dict[str, Any] | None]]:
        """Send frames and return what each was answered, None for nothing.

        Behind each goes a frame of an unknown type with its number; its error marks where the answer ends.
        """
        answers: list[tuple[bytes, dict[str, Any] | None]] = []
        for start in range(0, len(frames), 200):
            some = frames[start : start + 200]
            self.frames.clear()
            for place, each in enumerate(some):
                self.socket.transport.write(each + frame(b'{"type": "marker %d"}' % place))
                if place % IN_A_ROW == 0:
                    self.socket.transport.write(PONG)
            last = f"'marker {len(some) - 1}'"
            # Entries of a subscription may come behind it.
            await until(
                lambda last=last: self.closed_with or any(last in each.get("detail", "") for each in self.frames),
                what=f"the answer to {some[-1]!r}",
            )
            assert self.closed_with is None, (self.closed_with, self.frames[-3:], some)
            answers += self._sorted(some)
        return answers

    def _sorted(self, some: Sequence[bytes]) -> Iterable[tuple[bytes, dict[str, Any] | None]]:
        place, answer = 0, None
        for said in self.frames:
            if said["type"] in ("entries", "withdrawn"):
                continue  # a subscription that was one
            if said["type"] == "error" and f"'marker {place}'" in said["detail"]:
                yield some[place], answer
                place, answer = place + 1, None
            else:
                assert answer is None, f"{some[place]!r} was answered twice: {answer}, {said}"
                answer = said
        assert place == len(some)


class Neighbours:
    """A student and a viewer on the same process, who go on meanwhile."""

    def __init__(self, player: Any, viewer: Viewer) -> None:
        self.player, self.viewer = player, viewer
        self.watched = 50.0

    async def go_on(self) -> None:
        """Watch a little, again and again; each tick is acked, or `watch` fails."""
        while True:
            self.watched = min(99.0, self.watched + 0.5)
            await self.player.watch(to=self.watched)
            await asyncio.sleep(0.05)


@pytest.fixture
async def neighbours(live: Live, cast: Cast) -> AsyncIterator[Neighbours]:
    """bob watches and grace looks on while others send what they like; both are still there at the end."""
    before = len(live.site.log("web0"))
    async with live.player(cast.bob, cast.bernoulli) as player, live.feed(cast.grace) as viewer:
        both = Neighbours(player, viewer)
        going_on = asyncio.create_task(both.go_on())
        try:
            yield both
            assert not going_on.done(), going_on.exception()
        finally:
            going_on.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await going_on
        assert (player.closed_with, viewer.closed_with) == (None, None)
        shown = both.watched // 5 * 5
        await until(lambda: any(each["data"]["watch_percentage"] >= shown for each in viewer.list()))
        assert "Traceback" not in live.site.log("web0")[before:]


def memory(live: Live) -> int:
    """Bytes of web0 that are in memory (VmRSS)."""
    status = Path(f"/proc/{live.site.processes['web0'].pid}/status").read_text()
    [kilobytes] = re.findall(r"VmRSS:\s+(\d+) kB", status)
    return int(kilobytes) * 1024


def check(answers: Iterable[tuple[bytes, dict[str, Any] | None]], good: str) -> Counter[str]:
    """Assert that each frame has an answer of the protocol, and count the answers."""
    counted: Counter[str] = Counter()
    for asked, answer in answers:
        assert answer is not None, f"{asked!r} was not answered"
        if answer["type"] == "error":
            assert set(answer) == {"type", "id", "code", "detail"}, answer
            assert answer["code"] in CODES, answer
            assert answer["detail"], answer
            counted[answer["code"]] += 1
        else:
            assert answer["type"] == good, (asked, answer)
            counted[good] += 1
    return counted


async def fuzz(live: Live, sender: Sender, frames: list[bytes], good: str) -> Counter[str]:
    """Send the frames and return what they were answered, having looked at the memory: nothing of them is kept."""
    answers = await sender.fuzz(frames[:1000])
    warm = memory(live)
    answers += await sender.fuzz(frames[1000:])
    # Less than was sent since (some 600 KiB): frames that were kept would show, and objects made of them sooner. It
    # grew by 32 KiB when this was written.
    assert memory(live) - warm < sum(len(each) for each in frames[1000:])
    return check(answers, good)


async def test_the_progress_socket_answers_five_thousand_spoilt_frames(
    live: Live, cast: Cast, neighbours: Neighbours
) -> None:
    frames = [*sent(drawn(payloads(TICKS), EACH // 4))]
    async with live.socket(f"/ws/lessons/{cast.bernoulli.pk}/progress/", cast.ada, Sender) as sender:
        await sender.until("welcome")
        answered = await fuzz(live, sender, frames, "ack")
    # All kinds of answers came, so the frames were as bad as they should be, and some of them as good.
    assert answered.total() == len(frames) == EACH
    ticks = {"percentage", "timestamp", "segments", "id", "player", "state", "rate"}
    unreadable = {"invalid_json", "invalid_frame", "binary_frame", "unknown_type"}
    assert set(answered) == {"ack"} | unreadable | {f"invalid_{name}" for name in ticks}


async def test_the_feed_socket_answers_five_thousand_spoilt_frames(
    live: Live, cast: Cast, neighbours: Neighbours
) -> None:
    seen = (await live.snapshot(cast.grace))["position"]
    frames = [*sent(drawn(payloads(subscriptions([*seen], [*seen.values()])), EACH // 4))]
    async with live.socket("/ws/feed/", cast.grace, Sender) as sender:
        answered = await fuzz(live, sender, frames, "subscribed")
    assert answered.total() == len(frames) == EACH
    filters = {"filters", "type", "course", "student", "q", "since", "until"}
    unreadable = {"invalid_json", "invalid_frame", "binary_frame", "unknown_type"}
    assert set(answered) == {"subscribed"} | unreadable | {f"invalid_{name}" for name in filters}


async def test_what_breaks_websocket_itself_closes_that_socket_alone(
    live: Live, cast: Cast, neighbours: Neighbours
) -> None:
    for path, person in ((f"/ws/lessons/{cast.bernoulli.pk}/progress/", cast.ada), ("/ws/feed/", cast.grace)):
        closed = {}
        for name, (data, _) in BROKEN.items():
            async with live.socket(path, person, Sender) as sender:
                sender.socket.transport.write(data)
                closed[name] = await sender.until_closed()
        assert closed == {name: code for name, (_, code) in BROKEN.items()}
        assert set(closed.values()) <= CLOSES


@pytest.mark.parametrize("path", ["/ws/feed/", "/ws/lessons/1/progress/"])
async def test_a_spoilt_handshake_is_refused_and_fails_nobody(
    live: Live, cast: Cast, neighbours: Neighbours, path: str
) -> None:
    for name, request in spoilt_handshakes(path, live.site.address(), await live.session(cast.ada)).items():
        reader, writer = await asyncio.open_connection("127.0.0.1", live.site.ports[0])
        writer.write(request)
        async with asyncio.timeout(WITHIN):
            answer = await reader.readuntil(b"\r\n")
        writer.close()
        assert re.match(rb"HTTP/1\.[01] 4\d\d ", answer), (name, answer)
