"""Captions of the demo's videos, as WebVTT."""

from __future__ import annotations

from collections.abc import Sequence

CUE_SECONDS = 5.0


def webvtt(lines: Sequence[str], *, seconds: float) -> str:
    """Return captions that show one line each five seconds, and begin again where the video is longer than they."""
    cues: list[str] = []
    start = 0.0
    while start < seconds:
        end = min(start + CUE_SECONDS, seconds)
        cues.append(f"{_time(start)} --> {_time(end)}\n{lines[len(cues) % len(lines)]}\n")
        start = end
    return "\n".join(["WEBVTT\n", *cues])


def _time(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    return f"{milliseconds // 60_000:02}:{milliseconds // 1000 % 60:02}.{milliseconds % 1000:03}"
