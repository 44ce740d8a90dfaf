"""The wire: ready frames are what RFC 6455 says, and go out in order, directly or through any ASGI server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame as TheirFrame
from websockets.frames import Opcode
from websockets.streams import StreamReader

from consumers.wire import EXTENSION, Frame, Queued, Run, header, wire_of
from tests.live import until


def read(data: bytes) -> TheirFrame:
    """What another implementation makes of our bytes."""
    reader = StreamReader()
    reader.feed_data(data)
    parsing = TheirFrame.parse(reader.read_exact, mask=False)
    try:
        while True:
            next(parsing)
    except StopIteration as done:
        assert not reader.buffer
        return done.value  # type: ignore[no-any-return]


@given(st.binary(max_size=300) | st.sampled_from([b"x" * n for n in (125, 126, 65_535, 65_536, 70_000)]))
def test_another_implementation_reads_a_ready_frame_as_that_text(text: bytes) -> None:
    frame = read(Frame(text).framed)
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.TEXT, True, text)
    assert (frame.rsv1, frame.rsv2, frame.rsv3) == (False, False, False)


@pytest.mark.parametrize(("size", "long"), [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)])
def test_a_header_is_as_short_as_it_may_be(size: int, long: int) -> None:
    assert len(header(size)) == long


def test_a_run_joins_its_frames_and_a_frame_says_what_json_can_say() -> None:
    frames = [Frame.of({"type": "ping"}), Frame(b"[]")]
    assert Run(frames).joined == frames[0].framed + frames[1].framed
    assert Frame.of(frames[0]) is frames[0]
    assert json.loads(frames[0].text) == {"type": "ping"}


class Server:
    """An ASGI server that takes a frame when it is let."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.may = asyncio.Semaphore(0)
        self.gone = False

    async def send(self, message: dict[str, Any]) -> None:
        await self.may.acquire()
        if self.gone:
            raise RuntimeError("Cannot send after the close")
        self.sent.append(message["text"])

    def let(self, many: int) -> None:
        for _ in range(many):
            self.may.release()


async def test_without_the_extension_frames_wait_for_the_server_in_their_order_and_are_counted() -> None:
    server = Server()
    wire = wire_of({}, server.send)
    for number in range(3):
        wire.write(Frame(b"%d" % number))
    wire.write_all(Run([Frame(b"3"), Frame(b"44")]))
    assert wire.unsent() == 6
    server.let(2)
    await until(lambda: server.sent == ["0", "1"])
    assert wire.unsent() == 4
    server.let(3)
    await until(lambda: server.sent == ["0", "1", "2", "3", "44"])
    assert wire.unsent() == 0
    wire.write(Frame(b"again"))
    server.let(1)
    await until(lambda: server.sent[-1] == "again")


async def test_runs_that_wait_can_be_dropped_answers_stay_and_a_socket_that_is_gone_keeps_nothing() -> None:
    server = Server()
    wire = Queued(server.send)
    wire.write(Frame(b"0"))
    await asyncio.sleep(0)  # it is under way
    wire.write(Frame(b"subscribed"))
    wire.write_all(Run([Frame(b"1"), Frame(b"2")]))
    wire.drop()
    wire.write(Frame(b"reset"))
    assert wire.unsent() == len("0subscribedreset")
    server.let(3)
    await until(lambda: wire.unsent() == 0)
    # Without the answer the page would take the reset for one of the subscription before.
    assert server.sent == ["0", "subscribed", "reset"]
    server.gone = True
    for number in range(3):
        wire.write(Frame(b"%d" % number))
    server.let(1)
    await until(lambda: wire.unsent() == 0)
    assert len(server.sent) == 3


async def test_a_wire_that_is_full_takes_no_run_and_says_so() -> None:
    server = Server()
    wire = Queued(server.send)
    assert wire.give(Run([Frame(b"12345")]), 4)
    assert not wire.give(Run([Frame(b"6")]), 4)
    server.let(1)
    await until(lambda: wire.unsent() == 0)
    assert wire.give(Run([Frame(b"7")]), 4)
    server.let(1)
    await until(lambda: server.sent == ["12345", "7"])


async def test_a_server_that_offers_a_wire_of_its_own_is_taken_at_its_word() -> None:
    own = Queued(Server().send)
    assert wire_of({"extensions": {EXTENSION: own}}, Server().send) is own
