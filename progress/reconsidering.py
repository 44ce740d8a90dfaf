"""Reconsidering: a lesson that wants less than before is completed by whoever has done that much already."""

from __future__ import annotations

from procrastinate import RetryStrategy

from progress import database, jobs, recorder
from progress.reports import Reconsideration

BATCH = 200
"""Rows in one transaction: the locks of so many are held for a moment, and ticks of the same students wait."""


@jobs.task(name="reconsider_lesson", retry=RetryStrategy(max_attempts=10, exponential_wait=2))
async def reconsider_lesson(*, lesson: int) -> None:
    """Ask the gate again for everybody who has begun the lesson and not completed it."""
    last = 0
    while users := await _next(lesson, after=last):
        await recorder.record([Reconsideration(user, lesson) for user in users])
        last = users[-1]


async def _next(lesson: int, *, after: int) -> list[int]:
    async with database.connection() as connection:
        cursor = await connection.execute(
            """
            SELECT user_id FROM progress_userprogress
            WHERE lesson_id = %s AND user_id > %s AND NOT completed ORDER BY user_id LIMIT %s
            """,
            [lesson, after, BATCH],
        )
        return [row[0] for row in await cursor.fetchall()]
