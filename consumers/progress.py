"""The student's socket: ticks in, acks out (docs/protocol.md)."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from consumers import codes, limits
from consumers.incoming import unknown_type
from consumers.socket import Closed, Socket
from feed.presence.keeper import keeper
from progress import lessons, metrics, recorder
from progress.rows import Record
from progress.ticks import parse_tick


class ProgressConsumer(Socket):
    """A student's player: ticks in, acks out once they are committed. An ack covers every tick before it."""

    kind = "progress"
    seated = False
    """Whether it is counted as somebody who watches (feed.presence)."""

    @property
    def student_id(self) -> int:
        """The student, who is known before anything is asked here."""
        return cast(int, self.person_id)

    async def opened(self) -> None:
        """Check that the person studies the lesson, begin their row, and say where they are."""
        self.lesson_id: int = self.scope["url_route"]["kwargs"]["lesson_id"]
        await self.check()
        self.allowed = limits.sockets().spent(self.student_id, self.heard_at)
        if self.allowed is None:
            self.allowed = limits.ticks(self.heard_at)
        else:
            await asyncio.sleep(limits.PENALTY_SECONDS)
        record = await recorder.begin(self.student_id, self.lesson_id)
        if self.is_open:
            keeper().sit((self.student_id, self.lesson_id), record)
            self.seated = True
        await self.tell(welcome(self.lesson_id, record))

    async def check(self) -> None:
        """Close where the person does not study the lesson, or not any more."""
        if not await lessons.studies(self.student_id, self.lesson_id):
            raise Closed(codes.NOTHING_TO_SEE)

    async def gone(self) -> None:
        """Leave the seat."""
        if self.seated:
            keeper().rise((self.student_id, self.lesson_id))

    async def told(self, frame: dict[str, Any]) -> None:
        """Record a tick and ack it."""
        if frame.get("type") != "progress":
            raise unknown_type(frame)
        if self.allowed and not self.allowed.take(self.heard_at):
            metrics.met("ticks_per_second")
            limits.sockets().overspent(self.student_id, self.allowed, self.heard_at)
            raise Closed(codes.TOO_MANY_MESSAGES)
        tick = parse_tick(frame, user_id=self.student_id, lesson_id=self.lesson_id)
        [ack] = await recorder.record([tick])
        await self.tell(
            {
                "type": "ack",
                "id": ack.id,
                "watch_percentage": ack.watch_percentage,
                "status": ack.status,
                "completed": ack.completed,
            }
        )


def welcome(lesson_id: int, record: Record) -> dict[str, Any]:
    """The first frame: where the student left off, and what counts so far."""
    row = record.row
    return {
        "type": "welcome",
        "lesson": lesson_id,
        "position": row.position,
        "watch_percentage": row.percentage,
        "status": row.status,
        "completed": row.completed,
        "segments": row.segments,
        "threshold": row.threshold if row.completed else record.lesson.threshold,
    }
