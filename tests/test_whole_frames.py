"""The short cut for whole frames: it takes what autobahn would take, and leaves it everything else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from progress.models import UserProgress
from project.whole_frames import text_of
from tests.bench import wire
from tests.cast import Cast
from tests.live import Live

masks = st.binary(min_size=4, max_size=4)
LIMIT = 8192


def frame(payload: bytes, *, mask: bytes = b"\x01\x02\x03\x04", first: int = 0x81, masked: bool = True) -> bytes:
    """A frame as RFC 6455 writes it."""
    length = len(payload)
    bit = 0x80 if masked else 0
    if length < 126:
        head = bytes([first, bit | length])
    elif length < 1 << 16:
        head = bytes([first, bit | 126]) + length.to_bytes(2)
    else:
        head = bytes([first, bit | 127]) + length.to_bytes(8)
    if not masked:
        return head + payload
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


@given(st.text(max_size=300), masks)
def test_one_whole_text_frame_is_read(text: str, mask: bytes) -> None:
    payload = text.encode()
    assert text_of(frame(payload, mask=mask), most=LIMIT) == payload


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 4000, LIMIT])
def test_every_way_to_write_a_length_is_read(length: int) -> None:
    assert text_of(frame(b"x" * length), most=LIMIT) == b"x" * length


@given(st.text(min_size=1, max_size=200), st.data())
def test_a_piece_of_a_frame_is_left(text: str, data: st.DataObject) -> None:
    whole = frame(text.encode())
    assert text_of(whole[: data.draw(st.integers(0, len(whole) - 1))], most=LIMIT) is None


@given(st.binary(max_size=400))
def test_whatever_else_comes_is_no_error(data: bytes) -> None:
    payload = text_of(data, most=LIMIT)
    assert payload is None or frame(payload, mask=data[-len(payload) - 4 : len(data) - len(payload)]) == data


@pytest.mark.parametrize(
    "data",
    [
        frame(b"one") + frame(b"two"),
        frame(b"binary", first=0x82),
        frame(b"first of several", first=0x01),
        frame(b"last of several", first=0x80),
        frame(b"ping", first=0x89),
        frame(b"\x03\xe8", first=0x88),
        frame(b"with an extension's bit", first=0xC1),
        frame(b"not masked", masked=False),
        frame(b"x" * (LIMIT + 1)),
        frame(b"x" * (1 << 16)),
        frame(b"no text: \xff"),
        bytes([0x81, 0x80 | 126, 0, 5]) + bytes(4) + b"short",
    ],
)
def test_everything_else_is_left(data: bytes) -> None:
    assert text_of(data, most=LIMIT) is None


async def test_ticks_are_taken_however_the_network_cuts_them(live: Live, cast: Cast) -> None:
    """Whole, in pieces, two at once, one and a half: autobahn and the short cut take turns on one socket."""
    ticks = [
        frame(json.dumps({"type": "progress", "id": id, "watch_percentage": id, "timestamp": id}).encode())
        for id in range(1, 9)
    ]
    async with live.player(cast.ada, cast.bernoulli) as player:
        send = player.socket.transport.write
        pieces = [
            ticks[0],
            ticks[1][:3],
            ticks[1][3:],
            ticks[2] + ticks[3],
            ticks[4] + ticks[5][:20],
            ticks[5][20:] + ticks[6],
            ticks[7],
        ]
        acked = 0
        for piece in pieces:
            send(piece)
            whole = sum(1 for tick in ticks if b"".join(pieces[: pieces.index(piece) + 1]).find(tick) >= 0)
            while acked < whole:
                acked += 1
                await player.until("ack", count=acked)
        assert [ack["id"] for ack in player.of("ack")] == list(range(1, 9))
    assert (await UserProgress.objects.aget()).video_watch_percentage == 8


def test_what_the_bench_sends_is_such_a_frame() -> None:
    assert text_of(wire.text(b'{"type":"pong"}'), most=LIMIT) == b'{"type":"pong"}'
