"""Ticks: a player's progress reports, parsed. Everything that can be wrong with one is found here.

The same fields come over the socket and over HTTP (docs/protocol.md, "Ticks"); what comes after this file may assume
good input.
"""

import json
import reprlib
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from progress.coverage import Segment
from progress.refusals import BadValue, Unreadable

LONGEST_SECONDS = 86_400.0
"""No lesson lasts longer than a day, so no position in one is beyond it."""

MOST_SEGMENTS = 500
"""Segments in one tick: a frame of 8 KiB holds about as many."""

RATES = (0.0625, 16.0)
"""Speeds at which browsers play."""

LARGEST_ID = 2**53 - 1
"""Ids are JSON numbers; beyond this a browser cannot count."""

State = Literal["playing", "paused", "ended"]


@dataclass(frozen=True, slots=True)
class Tick:
    """One progress report: how far the player says it is, where it stands, and what it has played.

    `percentage` 0 to 100, `position` and `segments` in seconds into the lesson. `segments` is None where the client
    sends no such key: a bare claim. `player` and `id` together make a repeated tick known. `rate` is the player's
    speed.
    """

    user_id: int
    lesson_id: int
    percentage: float
    position: float
    segments: tuple[Segment, ...] | None = None
    player: str | None = None
    id: int | None = None
    state: State | None = None
    rate: float | None = None


def parse_object(text: str | bytes) -> dict[str, Any]:
    """Return the JSON object in `text`, or raise Unreadable (`invalid_json`, `invalid_frame`)."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = _lenient(text)
    if not isinstance(value, dict):
        raise Unreadable("invalid_frame", "A JSON object is expected.")
    return value


def _lenient(text: str | bytes) -> object:
    # Some clients write NaN and Infinity, which JSON has not. Python's parser bears them, so that the error can name
    # the field instead of the whole text. Of bytes it would also bear UTF-16, so they are decoded here.
    try:
        return json.loads(text if isinstance(text, str) else text.decode())
    except (ValueError, RecursionError):
        raise Unreadable("invalid_json", "This is not JSON.") from None


def parse_tick(fields: dict[str, Any], *, user_id: int, lesson_id: int) -> Tick:
    """Return the tick in a frame or body; BadValue names the first field that cannot be."""
    return Tick(
        user_id=user_id,
        lesson_id=lesson_id,
        id=_id(fields.get("id")),
        player=_player(fields.get("player")),
        percentage=_number(fields.get("watch_percentage"), "watch_percentage", most=100, code="invalid_percentage"),
        position=_number(fields.get("timestamp"), "timestamp", most=LONGEST_SECONDS, code="invalid_timestamp"),
        segments=_segments(fields["segments"]) if "segments" in fields else None,
        state=_state(fields.get("state")),
        rate=_rate(fields.get("rate")),
    )


def _number(value: object, name: str, *, most: float, code: str) -> float:
    # bool is an int in Python, and True would count as one per cent.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise BadValue(code, f"{name} must be a number from 0 to {most:g}; got {_shown(value)}.")
    return float(value)


def _segments(value: object) -> tuple[Segment, ...]:
    if not isinstance(value, list) or len(value) > MOST_SEGMENTS:
        raise BadValue("invalid_segments", f"segments must be a list of at most {MOST_SEGMENTS} [from, to] pairs.")
    return tuple(_segment(pair) for pair in value)


def _segment(pair: object) -> Segment:
    if (
        isinstance(pair, list)
        and len(pair) == 2
        and all(isinstance(edge, int | float) and not isinstance(edge, bool) for edge in pair)
        and 0 <= pair[0] <= pair[1] <= LONGEST_SECONDS
    ):
        return (float(pair[0]), float(pair[1]))
    raise BadValue(
        "invalid_segments", f"A segment is [from, to] with 0 <= from <= to <= {LONGEST_SECONDS:g}; got {_shown(pair)}."
    )


def _id(value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_ID):
        return value
    raise BadValue("invalid_id", f"id must be a whole number from 0 to {LARGEST_ID}; got {_shown(value)}.")


def _player(value: object) -> str | None:
    if value is None or (isinstance(value, str) and 1 <= len(value) <= 64 and value.isprintable()):
        return value
    raise BadValue("invalid_player", f"player must be a text of 1 to 64 characters; got {_shown(value)}.")


def _state(value: object) -> State | None:
    if value is None or value in ("playing", "paused", "ended"):
        return value
    raise BadValue("invalid_state", f"state must be playing, paused or ended; got {_shown(value)}.")


def _rate(value: object) -> float | None:
    least, most = RATES
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most):
        return value
    raise BadValue("invalid_rate", f"rate must be a number from {least:g} to {most:g}; got {_shown(value)}.")


def _shown(value: object) -> str:
    return "nothing" if value is None else reprlib.repr(value)[:60]
