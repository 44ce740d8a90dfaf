"""The recorder: the one way in which progress is written.

`record` takes ticks and completions by hand; sockets, HTTP and commands call nothing else. Whatever waits in this
process goes in one transaction (progress.group_commit): what gathers while one commit is under way is the next batch,
so there is no timer. Acks are given after the commit (law 1), signals are sent after the acks (law 6).

A database that is away for a moment costs time and nothing else: the batch is committed again. Where one report of a
batch cannot be stored, the others are.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg
from asgiref.sync import async_to_sync

from progress import database, deadlocks, group_commit, metrics, newest, outbox, rows
from progress.failures import in_words
from progress.outbox import Reference
from progress.papers import Result
from progress.quizzes import Answered
from progress.refusals import NotFound, NotRecorded, Refused
from progress.reports import Ack, Report
from progress.rows import Key, Record
from progress.together import Together

log = logging.getLogger(__name__)

MOST_IN_A_BATCH = 500
"""Reports that one transaction stores: more would keep its rows locked, and the loop busy, for longer at a stretch."""

MOST_WAITING = 5000
"""Reports that may wait. Whoever comes then waits outside, and its socket is not read meanwhile."""

RETRY_SECONDS = 10.0
"""How long a batch is committed again and again while the database is away; a restart takes a few seconds."""

PAUSE_SECONDS = (0.05, 1.0)
"""Between two tries: at first, and at most."""

AWAY = (psycopg.OperationalError, psycopg.InterfaceError)
"""Errors that speak of the database and not of a report."""


@dataclass(slots=True, eq=False)
class _Asked:
    """Reports that belong together, and where their acks go."""

    reports: Sequence[Report]
    answer: asyncio.Future[list[Ack]]
    at: float


@dataclass(slots=True)
class _Queue:
    waiting: list[_Asked] = field(default_factory=list)
    under_way: float | None = None
    """When the report of the present batch that has waited longest came, by the loop's clock."""
    room: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    def take(self) -> list[_Asked]:
        """Take the next batch, in the order of coming."""
        batch, self.waiting = self.waiting[:MOST_IN_A_BATCH], self.waiting[MOST_IN_A_BATCH:]
        self.room.set()
        return batch


_queues: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Queue] = weakref.WeakKeyDictionary()


async def record(reports: Sequence[Report]) -> list[Ack]:
    """Commit the reports and return an ack for each, in order; all of them are stored, or none.

    The caller has checked that each student may study each lesson. Raises NotFound where a lesson is gone, Refused
    (409 `quiz_required`) for a completion by hand before the quiz, NotRecorded where PostgreSQL does not take what is
    reported; psycopg.OperationalError or InterfaceError where the database stays away (then nothing is acked, and the
    same reports may be given again).
    """
    loop = asyncio.get_running_loop()
    queue = _queues.setdefault(loop, _Queue())
    while len(queue.waiting) >= MOST_WAITING:
        queue.room.clear()
        await queue.room.wait()
    asked = _Asked(reports, loop.create_future(), loop.time())
    queue.waiting.append(asked)
    if queue.task is None:
        queue.task = loop.create_task(_work(queue))
    return await asked.answer


def record_from_thread(reports: Sequence[Report]) -> list[Ack]:
    """`record` for synchronous code: on the server's loop where there is one, so that it joins that loop's batches."""
    return async_to_sync(_record_and_tell)(reports)


def answer_from_thread(answered: Answered) -> Result:
    """Commit answers to a quiz and return what their attempt came to: the first time, where they come again."""
    [ack] = record_from_thread([answered])
    if ack.attempt is None:
        raise RuntimeError("The answers made no attempt")
    return ack.attempt


async def _record_and_tell(reports: Sequence[Report]) -> list[Ack]:
    acks = await record(reports)
    if not database.pooled():  # a loop made for this call alone: it ends with us, and the telling with it
        await idle()
    return acks


async def begin(user_id: int, lesson_id: int) -> Record:
    """Return the student's row for the lesson, begun if it is not there yet: from now on its budget fills.

    Raises NotFound where the lesson is gone.
    """
    try:
        record = await _beginning.ask((user_id, lesson_id))
    except psycopg.IntegrityError:  # it, or the person, is removed at this moment
        record = None
    if record is None:
        raise NotFound("lesson")
    return record


async def _begin(keys: Sequence[Key]) -> dict[Key, Record]:
    async with database.connection() as connection:
        records = await rows.read(connection, keys)
        if missing_keys := sorted(set(keys) - set(records)):
            await rows.insert_missing(connection, missing_keys)
            records |= await rows.read(connection, missing_keys)
    return records


_beginning = Together(_begin)


async def idle() -> None:
    """Wait until every report is committed and every reference told or left to the sweeper."""
    queue = _queues.get(asyncio.get_running_loop())
    while queue is not None and queue.task is not None:
        await asyncio.wait([queue.task])
    await outbox.teller().idle()


async def _work(queue: _Queue) -> None:
    try:
        while queue.waiting:
            batch = queue.take()
            queue.under_way = batch[0].at
            metrics.ticks.inc(sum(len(asked.reports) for asked in batch))
            await _answer(batch)
    finally:
        queue.task = queue.under_way = None


async def _answer(batch: Sequence[_Asked]) -> None:
    try:
        results, references = await _commit_in_the_end([asked.reports for asked in batch])
    except AWAY as error:
        for asked in batch:
            _refuse(asked, error)
    except Exception as error:
        if len(batch) > 1:
            # Something is wrong with one of them. Halved again and again, it is found, and the others are stored.
            middle = len(batch) // 2
            await _answer(batch[:middle])
            await _answer(batch[middle:])
        else:
            _refuse(batch[0], _what_is_wrong(batch[0], error))
    else:
        _count(batch, results)
        noted = newest.noted()
        for asked, result in zip(batch, results, strict=True):
            if isinstance(result, Refused):
                _refuse(asked, result)
                continue
            if noted is not None:
                newest.note(noted, asked.reports, result)
            if not asked.answer.done():  # whoever asked is gone; what was told is kept all the same
                asked.answer.set_result(result)
        outbox.teller().add(references)


def _count(batch: Sequence[_Asked], results: Sequence[list[Ack] | Refused]) -> None:
    metrics.batch_ticks.observe(sum(len(asked.reports) for asked in batch))
    metrics.acks.inc(sum(len(result) for result in results if not isinstance(result, Refused)))
    # The first has waited longest; one look at the clock for each report would cost more than the figure is worth.
    metrics.tick_to_ack.observe(asyncio.get_running_loop().time() - batch[0].at)


def waiting() -> int:
    """How many reports wait for the next commit on the running loop."""
    queue = _queues.get(asyncio.get_running_loop())
    return len(queue.waiting) if queue is not None else 0


def longest_wait() -> float:
    """For how many seconds the report that has waited longest on the running loop waits now; 0 where none does."""
    loop = asyncio.get_running_loop()
    queue = _queues.get(loop)
    return loop.time() - queue.under_way if queue is not None and queue.under_way is not None else 0.0


def _refuse(asked: _Asked, error: Exception) -> None:
    if not asked.answer.done():
        asked.answer.set_exception(error)


def _what_is_wrong(asked: _Asked, error: Exception) -> Refused:
    if isinstance(error, psycopg.IntegrityError):  # the person or the lesson is removed at this moment
        return NotFound("lesson")
    log.error("Reports could not be recorded", extra={"reports": repr(asked.reports)[:500]}, exc_info=error)
    return NotRecorded()


def _comes_again(report: Report) -> bool:
    return not isinstance(report, Answered) or report.submission is not None


async def _commit_in_the_end(batch: group_commit.Batch) -> tuple[list[list[Ack] | Refused], list[Reference]]:
    loop = asyncio.get_running_loop()
    until = loop.time() + RETRY_SECONDS
    pause, longest = PAUSE_SECONDS
    deadlocks_left = deadlocks.TRIES - 1
    while True:
        try:
            async with database.connection() as connection:
                begun = loop.time()
                committed = await group_commit.commit(connection, batch)
                metrics.commit.observe(loop.time() - begun)
                return committed
        except psycopg.errors.DeadlockDetected:
            if not deadlocks_left:
                raise
            deadlocks_left -= 1
            log.info("Committed again after a deadlock", extra={"reports": sum(map(len, batch))})
        except AWAY as error:
            # Where the connection fell during COMMIT, nobody knows whether it is stored. To store it again changes
            # nothing, but for answers without a name, which would be another attempt.
            if loop.time() + pause > until or not all(_comes_again(report) for reports in batch for report in reports):
                raise
            log.warning("Committed again, the database is away", extra={"error": in_words(error)})
            await asyncio.sleep(pause)
            pause = min(2 * pause, longest)
