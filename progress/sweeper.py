"""The sweeper: tells what the outbox still holds after a crash or an outage, and clears it after a day.

Any number of processes may run it. One at a time works (an advisory lock), so that the references of one student and
lesson are told in their order; SKIP LOCKED passes by what their writer is just marking.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from progress import database, outbox
from progress.failures import in_words
from progress.outbox import Reference
from progress.privacy import retention

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 2.0
"""How long the process that wrote a reference is left to tell it itself."""

TELLING_SECONDS = 30.0
"""How long receivers may take for a batch before it is left to the next sweep."""

BATCH = 500
PAUSE_SECONDS = 0.5
KEEP = "1 day"
_LOCK = 0x6F7574626F78  # "outbox"


async def sweep(*, patience: float = PATIENCE_SECONDS, most: int = BATCH) -> int:
    """Tell the oldest waiting references and return how many; 0 also where another process sweeps.

    Raises what receivers raise (Redis away); then nothing is marked, and the next sweep takes the same again.
    """
    async with database.connection() as connection, connection.transaction():
        cursor = await connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        locked = await cursor.fetchone()
        if locked is None or not locked[0]:
            return 0
        cursor = await connection.execute(
            """
            SELECT kind, object_id, user_id, course_id, subject, id FROM progress_outbox
            WHERE live_done_at IS NULL AND at < clock_timestamp() - make_interval(secs => %s) AND kind = ANY(%s)
            ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
            """,
            [patience, list(outbox.SIGNALS), most],  # kinds of a newer version are left to it
        )
        references = [Reference(*row) for row in await cursor.fetchall()]
        # Receivers read on another connection while this one holds the rows. Whoever locks what they read and then
        # wants the outbox (a migration) waits for us and we for them; PostgreSQL sees no deadlock, so we give up.
        async with asyncio.timeout(TELLING_SECONDS):
            await outbox.send(references)
        await outbox.mark_done(connection, references)
    return len(references)


async def clear() -> int:
    """Delete references that every reader has had and that are older than a day; return how many."""
    async with database.connection() as connection:
        cursor = await connection.execute(
            "DELETE FROM progress_outbox WHERE live_done_at IS NOT NULL AND at < clock_timestamp() - %s::interval",
            [KEEP],
        )
        return cursor.rowcount


@dataclass(slots=True)
class Sweeper:
    """Sweeps until told to stop, and says once when it cannot and once when it can again."""

    stopped: asyncio.Event
    failing: bool = False

    async def run(self) -> None:
        """Sweep every half second, at once while there is more; clear, and keep to the retention, every hour."""
        loop = asyncio.get_running_loop()
        clear_at = loop.time()
        while not self.stopped.is_set():
            due = loop.time() >= clear_at
            more = await self._try_to_sweep(and_clear=due)
            if due and not self.failing:
                clear_at = loop.time() + 3600
            if not more:
                await self._pause()

    async def _try_to_sweep(self, *, and_clear: bool) -> bool:
        try:
            swept = await sweep()
            if and_clear:
                await clear()
                await retention.keep_to_it()
        except Exception as error:
            # Redis or the database away: an expected event. Keep trying; nothing is lost in the outbox.
            if not self.failing:
                log.error("The outbox cannot be told or cleared", extra={"error": in_words(error)})
            self.failing = True
            return False
        if self.failing:
            log.warning("The outbox is told again", extra={"references": swept})
        self.failing = False
        return swept == BATCH

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self.stopped.wait(), PAUSE_SECONDS)
        except TimeoutError:
            return
