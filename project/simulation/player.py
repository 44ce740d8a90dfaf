"""A lesson's player: plays stretches by the clock, reports them, and keeps each report until it is acked."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from typing import Any

from progress.coverage import Segment, percentage, union
from project.simulation.plan import Stretch
from project.simulation.wire import Wire

TICK_EVERY = 5.0  # seconds, as our own player's
TICKS_A_LESSON = 6  # at least: a lesson of a few seconds would else be one report
SHORTEST_TICK = 0.2


class Player:
    """Plays one lesson, opened once; `speed` seconds of it in a second."""

    def __init__(self, wire: Wire, *, duration: float, speed: float) -> None:
        self._wire = wire
        self._duration = duration
        self._speed = speed
        self._every = max(SHORTEST_TICK, min(TICK_EVERY, duration / speed / TICKS_A_LESSON))
        self._name = secrets.token_hex(8)
        self._last_id = 0
        self._known: list[Segment] = []

    async def play(self, stretches: Sequence[Stretch], *, offline: Stretch | None) -> None:
        """Play these stretches, and come back when everything is acked."""
        welcome = await self._wire.welcomed()
        self._known = union([(start, end) for start, end in welcome["segments"]])
        played = 0.0
        for start, end in stretches:
            began, reported = asyncio.get_running_loop().time(), start
            while reported < end:
                if offline is not None:
                    self._wire.online(not offline[0] <= played < offline[1])
                await asyncio.sleep(min(self._every, (end - reported) / self._speed))
                # By the clock, so that a machine that is late does not play slower and slower.
                now = min(end, start + (asyncio.get_running_loop().time() - began) * self._speed)
                position = end if end - now < 0.05 else round(now, 3)
                self._report((reported, position), "playing" if position < end else "paused")
                played, reported = played + position - reported, position
        self._wire.online(True)
        await self._wire.saved()

    def _report(self, segment: Segment, state: str) -> None:
        self._last_id += 1
        self._known = union([*self._known, segment])
        tick: dict[str, Any] = {
            "type": "progress",
            "id": self._last_id,
            "player": self._name,
            "watch_percentage": percentage(self._known, duration=self._duration),
            "timestamp": segment[1],
            "segments": [segment],
            "state": "ended" if segment[1] >= self._duration else state,
        }
        self._wire.put(tick)
