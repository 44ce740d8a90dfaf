"""Frames in: a JSON object in text, or the refusal that says what is wrong with it."""

from __future__ import annotations

import reprlib
from typing import Any

from progress.refusals import Unreadable
from progress.ticks import parse_object


def parse(message: dict[str, Any]) -> dict[str, Any]:
    """Return the frame in an ASGI `websocket.receive`; raises Unreadable."""
    text = message.get("text")
    if text is None:
        raise Unreadable("binary_frame", "Frames are JSON text.")
    return parse_object(text)


def unknown_type(frame: dict[str, Any]) -> Unreadable:
    """The refusal of a frame whose type this socket does not know."""
    return Unreadable("unknown_type", f"This socket knows no frame of type {reprlib.repr(frame.get('type'))}.")
