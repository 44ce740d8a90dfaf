"""Frames that no page of ours sends: the protocol's, as hypothesis spoils them, and such as break WebSocket itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import partial
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.test_whole_frames import frame

LONGEST = 8192
"""What the progress socket takes; longer ones close (1009) and are a case of their own."""

# With what JSON has not (NaN, Infinity), what a browser cannot count, and half a surrogate pair, which json.dumps
# writes as an escape and no UTF-8 can carry.
_numbers = st.one_of(
    st.integers(-5, 130),
    st.floats(-5, 130),
    st.floats(),
    st.sampled_from([2**31, 2**53, 2**63, -(2**63) - 1, 2**64, 10**40, 1e308, -0.0]),
)
_texts = st.one_of(
    st.text(max_size=12),
    st.text(st.characters(codec=None), max_size=6),
    st.sampled_from(["", "\x00", "a\x00b", "\ud800", "progress", "subscribe", "pong", "2026-11-22T16:00:00+23:00"]),
)
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), _numbers, _texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_texts, inner, max_size=3)),
    max_leaves=6,
)


def _same(_: int, value: Any) -> Any:
    return value


def _or_anything(right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    # Mapped, for of equal strategies one_of keeps one, and deferred, for it would take _values apart.
    return st.one_of(right, *(right.map(partial(_same, again)) for again in range(3)), st.deferred(lambda: _values))


_seconds = st.floats(0, 100)
TICKS = st.fixed_dictionaries(
    {"type": _or_anything(st.just("progress"))},
    optional={
        "id": _or_anything(st.integers(0, 10_000)),
        "player": _or_anything(st.text(st.characters(categories=["L"]), min_size=1, max_size=8)),
        "watch_percentage": _or_anything(st.floats(0, 100)),
        "timestamp": _or_anything(_seconds),
        "segments": _or_anything(st.lists(st.tuples(_seconds, _seconds).map(sorted), max_size=3)),
        "state": _or_anything(st.sampled_from(["playing", "paused", "ended"])),
        "rate": _or_anything(st.floats(0.0625, 16)),
        "more": _values,
    },
)


def subscriptions(groups: list[str], marks: list[str]) -> st.SearchStrategy[Any]:
    """Frames of a viewer with these groups, who has seen these marks."""
    moments = st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat())
    filters = st.fixed_dictionaries(
        {},
        optional={
            "type": _or_anything(st.lists(st.sampled_from(["exam_attempt", "progress_update"]), max_size=2)),
            "course": _or_anything(st.integers(0, 10)),
            "student": _or_anything(st.lists(st.integers(0, 2**63), max_size=3)),
            "q": _or_anything(st.text(min_size=3, max_size=10)),
            "since": _or_anything(moments),
            "until": _or_anything(moments),
        },
    )
    mark = _or_anything(st.sampled_from(marks))
    return st.fixed_dictionaries(
        {"type": _or_anything(st.just("subscribe"))},
        optional={
            "id": _values,
            "position": _or_anything(st.dictionaries(_or_anything(st.sampled_from(groups)).map(str), mark, max_size=2)),
            "filters": _or_anything(filters),
            "presence": _values,
        },
    )


def payloads(frames: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """What goes into a text frame: such frames as JSON, frames with bytes changed, and what was never a frame."""
    written = frames.map(json.dumps)
    return st.one_of(
        written,
        written,
        st.tuples(written, st.integers(0, 60), st.integers(0, 5), st.text(max_size=3)).map(_spliced),
        _values.map(json.dumps),
        st.text(max_size=40),
        st.sampled_from(
            [
                "",
                " ",
                "\ufeff{}",
                "null",
                "1" * 5000,
                '{"type": "progress", "id": ' + "9" * 5000 + "}",
                '{"type": "subscribe", "filters": {"course": [' + "9" * 5000 + "]}}",
                '{"watch_percentage": 1e999}',
                "[" * LONGEST,
                '{"type":' * 1000,
                '{"a":' * 500 + "1" + "}" * 500,
                '{"type": "progress", "type": "pong", "type": 5}',
                '{"type": "\\ud800"}',
                "\U0001f600" * 100,
            ]
        ),
    ).map(lambda text: text.encode(errors="replace")[:LONGEST])


def _spliced(given: tuple[str, int, int, str]) -> str:
    text, at, gone, put = given
    return text[:at] + put + text[at + gone :]


def drawn(strategy: st.SearchStrategy[Any], number: int) -> list[Any]:
    """The same `number` values of a strategy at each call, for a test that sends them all over one socket."""
    found: list[Any] = []

    @settings(
        max_examples=number,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
    @given(strategy)
    def take(value: Any) -> None:
        found.append(value)

    take()
    return found


def sent(payloads: Iterable[bytes]) -> Iterator[bytes]:
    """Each payload as a client may send it: whole, in two frames, as a binary frame, and with a character changed."""
    chance = Random(1)
    for payload in payloads:
        at = chance.randint(0, len(payload))
        yield frame(payload)
        yield frame(payload[:at], first=0x01) + frame(payload[at:], first=0x80)
        yield frame(payload, first=0x82) if chance.random() < 0.2 else frame(_changed(payload, chance))
        yield frame(_changed(payload, chance))


def _changed(payload: bytes, chance: Random) -> bytes:
    text = [*payload.decode()]
    if text:
        text[chance.randrange(len(text))] = chance.choice('{}[]",:-.0e9 \\t\x00\x7fé')
    return "".join(text).encode()[:LONGEST]


BROKEN = {
    "no UTF-8": (frame(b'{"type": "\xff\xfe"}'), 1007),
    "half a character": (frame("é".encode()[:1]), 1007),
    "no UTF-8 in a second piece": (frame(b'{"type"', first=0x01) + frame(b"\xc3\x28", first=0x80), 1007),
    "longer than a frame may be": (frame(b"x" * 65_537), 1009),
    "longer than a frame may be, by what it announces": (
        bytes([0x81, 0x80 | 127]) + (2**62).to_bytes(8) + b"mask",
        1009,
    ),
    "longer in pieces than a frame may be": (
        frame(b"x" * 40_000, first=0x01) + frame(b"x" * 40_000, first=0x80),
        1009,
    ),
    "a length longer written than need be": (bytes([0x81, 0x80 | 126, 0, 5]) + bytes(4) + b"short", 1002),
    "an extension that was not agreed on": (frame(b"{}", first=0xC1), 1002),
    "an unknown kind of frame": (frame(b"{}", first=0x83), 1002),
    "an unknown kind of control frame": (frame(b"", first=0x8B), 1002),
    "not masked": (frame(b"{}", masked=False), 1002),
    "a second piece without a first": (frame(b"{}", first=0x80), 1002),
    "a new message within another": (frame(b"{", first=0x01) + frame(b"{}"), 1002),
    "a ping in pieces": (frame(b"", first=0x09), 1002),
    "a long ping": (frame(b"x" * 126, first=0x89), 1002),
    # A close is answered by the connection's end, whatever is wrong with it.
    "a close of one byte": (frame(b"\x03", first=0x88), 1006),
    "a close with a code that none may send": (frame((1005).to_bytes(2), first=0x88), 1006),
    "a close whose reason is no UTF-8": (frame((1000).to_bytes(2) + b"\xff", first=0x88), 1006),
}
"""Bytes that break WebSocket's own rules (RFC 6455), and the code that closes the socket."""


def spoilt_handshakes(path: str, host: str, session: str) -> dict[str, bytes]:
    """Requests for a socket that cannot be had so, each by what is wrong with it."""
    headers = {
        "Host": host,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version": "13",
        "Origin": f"http://{host}",
        "Cookie": f"sessionid={session}",
    }

    def request(path: str = path, method: str = "GET", **changed: str) -> bytes:
        said = {**headers, **{name.replace("_", "-"): value for name, value in changed.items()}}
        lines = [f"{name}: {value}" for name, value in said.items() if value != "none"]
        return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode("latin1")

    return {
        "no key": request(Sec_WebSocket_Key="none"),
        "a key that is none": request(Sec_WebSocket_Key="x"),
        "a key of other characters": request(Sec_WebSocket_Key="\xff" * 24),
        "a version to come": request(Sec_WebSocket_Version="99"),
        "no number as version": request(Sec_WebSocket_Version="thirteen"),
        "no version": request(Sec_WebSocket_Version="none"),
        "no connection header": request(Connection="none"),
        "a POST": request(method="POST"),
        "a method of other characters": request(method="G\xc9T"),
        "a root path of other characters": request(Daphne_Root_Path="\xff"),
        "an origin of other characters": request(Origin="http://\xe9\xff"),
        "an origin that is no address": request(Origin="http://[::1"),
        "a port that is no number": request(Origin="http://feed.example:port"),
        "no host": request(Host="none"),
        "a host of other characters": request(Host="\xff"),
        "a query of other characters": request(f"{path}?\xff"),
        "a path of other characters": request(f"{path}\xff"),
        "a path with what is no UTF-8": request(f"{path}%ff/"),
        "a path with NUL": request(f"{path}%00/"),
        "a lesson that is no number": request("/ws/lessons/one/progress/"),
        "a negative lesson": request("/ws/lessons/-1/progress/"),
    }
