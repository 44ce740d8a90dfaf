"""The recorder: the one way in which progress is written.

`record` takes ticks and completions by hand; sockets, HTTP and commands call nothing else. Whatever waits in this
process goes in one transaction (group commit): what gathers while one commit is under way is the next batch, so there
is no timer. Acks are given after the commit (law 1), signals are sent after the acks (law 6).

One lock order for every writer: missing rows are inserted in (user, lesson) order before anything is locked, since
FOR UPDATE does not cover a row that is not there yet; then rows are locked in (user, lesson) order.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import psycopg
from asgiref.sync import async_to_sync
from django.conf import settings
from psycopg import AsyncConnection

from progress import audit, certificates, database, deadlocks, outbox, quizzes, rows, spans
from progress.advance import Rules, Transition, advance, complete, reconsider
from progress.audit import Confirmation
from progress.gate import Asked, missing
from progress.models import Outbox
from progress.outbox import Reference
from progress.papers import Result
from progress.quizzes import Answered
from progress.refusals import NotFound, QuizRequired, Refused
from progress.rows import Key, Record
from progress.spans import Span
from progress.ticks import Tick
from progress.together import Together

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Completion:
    """A student's wish to mark a lesson as complete."""

    user_id: int
    lesson_id: int


@dataclass(frozen=True, slots=True)
class Reconsideration:
    """That a lesson wants less now: whoever has done that much completes it."""

    user_id: int
    lesson_id: int


Report = Tick | Completion | Answered | Confirmation | Reconsideration


@dataclass(frozen=True, slots=True)
class Ack:
    """What a report came to, true once given: it is committed."""

    id: int | None
    watch_percentage: float
    status: str
    completed: bool
    attempt: Result | None = None
    confirmed: bool = False
    """Whether it was this confirmation that completed the lesson."""


@dataclass(slots=True)
class _Queue:
    waiting: list[tuple[Sequence[Report], asyncio.Future[list[Ack]]]] = field(default_factory=list)
    task: asyncio.Task[None] | None = None


_queues: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Queue] = weakref.WeakKeyDictionary()


async def record(reports: Sequence[Report]) -> list[Ack]:
    """Commit the reports and return an ack for each, in order.

    The caller has checked that each student may study each lesson. Raises NotFound where a lesson is gone and Refused
    (409 `quiz_required`) for a completion by hand before the quiz (then none of these reports is stored);
    psycopg.OperationalError where the database is away (then nothing is acked, and the same reports may be given
    again).
    """
    loop = asyncio.get_running_loop()
    queue = _queues.setdefault(loop, _Queue())
    answer: asyncio.Future[list[Ack]] = loop.create_future()
    queue.waiting.append((reports, answer))
    if queue.task is None:
        queue.task = loop.create_task(_work(queue))
    return await answer


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


def rules() -> Rules:
    """The school's rules, from the settings."""
    return Rules(
        max_rate=settings.PROGRESS_MAX_RATE,
        accept_claims=settings.PROGRESS_ACCEPT_CLAIMS,
        minimum=settings.FEED_PROGRESS_MINIMUM,
        step=settings.FEED_PROGRESS_STEP,
    )


async def _work(queue: _Queue) -> None:
    try:
        while queue.waiting:
            batch, queue.waiting = queue.waiting, []
            await _answer(batch)
    finally:
        queue.task = None


async def _answer(batch: list[tuple[Sequence[Report], asyncio.Future[list[Ack]]]]) -> None:
    try:
        results, references = await _commit_in_the_end([reports for reports, _ in batch])
    except Exception as error:
        if len(batch) > 1 and not isinstance(error, psycopg.OperationalError):
            # Something is wrong with one of them: alone, each gets the answer that is its own.
            for one in batch:
                await _answer([one])
            return
        # A person or a lesson that is removed at this moment: our row refers to nothing.
        told = NotFound("lesson") if isinstance(error, psycopg.IntegrityError) else error
        for _, answer in batch:
            if not answer.done():
                answer.set_exception(told)
        return
    for (_, answer), result in zip(batch, results, strict=True):
        if answer.done():  # whoever asked is gone; what was told is kept all the same
            continue
        if isinstance(result, Refused):
            answer.set_exception(result)
        else:
            answer.set_result(result)
    outbox.teller().add(references)


async def _commit_in_the_end(batch: list[Sequence[Report]]) -> tuple[list[list[Ack] | Refused], list[Reference]]:
    for _try in range(deadlocks.TRIES - 1):
        try:
            return await _commit(batch)
        except psycopg.errors.DeadlockDetected:
            log.info("Committed again after a deadlock", extra={"reports": sum(map(len, batch))})
    return await _commit(batch)


async def _commit(batch: list[Sequence[Report]]) -> tuple[list[list[Ack] | Refused], list[Reference]]:
    keys = sorted({(report.user_id, report.lesson_id) for reports in batch for report in reports})
    async with database.connection() as connection, connection.transaction():
        await rows.insert_missing(connection, keys)
        records = await rows.lock(connection, keys)
        attempts = await _store_answers(connection, batch, records)
        waiting = await quizzes.pending(connection, keys)
        records = {
            key: replace(record, lesson=replace(record.lesson, quiz_pending=key in waiting))
            for key, record in records.items()
        }
        now = await _now(connection)
        states = {key: Transition(record.row) for key, record in records.items()}
        results: list[list[Ack] | Refused] = []
        played: list[Span] = []
        for reports in batch:
            refusal = _refusal(reports, records)
            results.append(refusal or [_apply(report, records, states, now, attempts, played) for report in reports])
        changed = {key: states[key].row for key, record in records.items() if states[key].row is not record.row}
        await spans.append(connection, played, at=now)
        await rows.update(connection, {records[key].pk: row for key, row in changed.items()})
        await audit.write_confirmations(connection, _confirmed(batch, results, records))
        happened = _references(records, states)
        completed = [(key[0], records[key].course_id) for key, state in states.items() if state.completed]
        happened += await certificates.issue_where_due(connection, completed)
        references = await outbox.write(connection, happened)
    return results, references


async def _store_answers(
    connection: AsyncConnection[Any], batch: list[Sequence[Report]], records: dict[Key, Record]
) -> dict[int, Result]:
    """Store quiz attempts and return their results, by identity of the report."""
    return {
        id(report): await quizzes.store(connection, report, course_id=records[key].course_id)
        for reports in batch
        for report in reports
        if isinstance(report, Answered) and (key := (report.user_id, report.lesson_id)) in records
    }


def _refusal(reports: Sequence[Report], records: dict[Key, Record]) -> Refused | None:
    for report in reports:
        record = records.get((report.user_id, report.lesson_id))
        if record is None:
            return NotFound("lesson")
        if isinstance(report, Completion) and not record.row.completed and _wants_quiz(record):
            return QuizRequired()
    return None


def _wants_quiz(record: Record) -> bool:
    return "quiz" in missing(
        percentage=record.row.percentage,
        threshold=record.lesson.threshold,
        quiz_pending=record.lesson.quiz_pending,
        asked=Asked.BY_STUDENT,
    )


def _apply(
    report: Report,
    records: dict[Key, Record],
    states: dict[Key, Transition],
    now: datetime,
    attempts: dict[int, Result],
    played: list[Span],
) -> Ack:
    key = (report.user_id, report.lesson_id)
    lesson, before = records[key].lesson, states[key]
    if isinstance(report, Tick):
        after = advance(before.row, report, lesson=lesson, rules=rules(), now=now)
        played.extend(Span(*key, start, end, report.rate) for start, end in after.paid)
    elif isinstance(report, Completion):
        after = complete(before.row, lesson=lesson, rules=rules(), now=now)
    elif isinstance(report, Confirmation):
        after = complete(before.row, lesson=lesson, rules=rules(), now=now, asked=Asked.BY_SCHOOL)
    else:
        after = reconsider(before.row, lesson=lesson, rules=rules(), now=now)
    states[key] = Transition(after.row, before.announced or after.announced, before.completed or after.completed)
    row = after.row
    tick_id = report.id if isinstance(report, Tick) else None
    confirmed = isinstance(report, Confirmation) and after.completed
    return Ack(tick_id, row.percentage, row.status, row.completed, attempts.get(id(report)), confirmed)


def _confirmed(
    batch: list[Sequence[Report]], results: list[list[Ack] | Refused], records: dict[Key, Record]
) -> list[tuple[Confirmation, int]]:
    """The confirmations that completed something, each with the number of its row."""
    return [
        (report, records[report.user_id, report.lesson_id].pk)
        for reports, result in zip(batch, results, strict=True)
        if isinstance(result, list)
        for report, ack in zip(reports, result, strict=True)
        if isinstance(report, Confirmation) and ack.confirmed
    ]


def _references(records: dict[Key, Record], states: dict[Key, Transition]) -> list[Reference]:
    happened = [
        (kind, key)
        for key, state in states.items()
        for kind, did in (
            (Outbox.Kind.PROGRESS_ANNOUNCED, state.announced),
            (Outbox.Kind.LESSON_COMPLETED, state.completed),
        )
        if did
    ]
    return [Reference(str(kind), records[key].pk, key[0], records[key].course_id) for kind, key in happened]


async def _now(connection: AsyncConnection[Any]) -> datetime:
    # The database's clock, one for all processes, read after the locks are held: whoever waited for a row must not
    # stamp it with a time from before the wait.
    cursor = await connection.execute("SELECT clock_timestamp()")
    found = await cursor.fetchone()
    if found is None:
        raise RuntimeError("PostgreSQL gave no time")
    now: datetime = found[0]
    return now
