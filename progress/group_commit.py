"""One transaction for all the reports that wait (group commit).

One lock order for every writer: missing rows are inserted in (user, lesson) order before anything is locked, since
FOR UPDATE does not cover a row that is not there yet; then rows are locked in (user, lesson) order.

Statements are sent without waiting for each other's answers (pipeline mode): a wait is a turn of the loop, in which
every socket of the process may have its say first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from psycopg import AsyncConnection, AsyncCursor

from progress import audit, certificates, outbox, quizzes, rows, spans
from progress.advance import Lesson, Row, Rules, Transition, advance, complete, reconsider
from progress.audit import Confirmation
from progress.gate import Asked, missing
from progress.models import Outbox
from progress.outbox import Reference
from progress.papers import Result
from progress.quizzes import Answered
from progress.refusals import NotFound, QuizRequired, Refused
from progress.reports import Ack, Completion, Report
from progress.rows import Change, Found, Key, Record
from progress.spans import Span
from progress.ticks import Tick

Batch = Sequence[Sequence[Report]]
"""Groups of reports; of a group all are stored, or none."""


async def commit(connection: AsyncConnection[Any], batch: Batch) -> tuple[list[list[Ack] | Refused], list[Reference]]:
    """Commit a batch; return, for each group, its acks or why nothing of it was stored, and all there is to tell.

    Raises what psycopg raises: then nothing is stored, or, where the connection fell during COMMIT, perhaps all.
    """
    keys = sorted({(report.user_id, report.lesson_id) for reports in batch for report in reports})
    async with connection.pipeline(), connection.transaction():
        await rows.insert_missing(connection, keys)
        found = await rows.lock(connection, keys)
        attempts = await _store_answers(connection, batch, found)
        asked = await quizzes.ask_pending(connection, keys)
        clock = await _ask_clock(connection)
        states = _States(await found.records(), set(await asked.fetchall()), await _answer(clock))
        results = [states.take(reports, attempts) for reports in batch]
        await spans.append(connection, states.played, at=states.now)
        await rows.update(connection, states.changes())
        await audit.write_confirmations(connection, states.confirmed)
        happened = states.happened()
        happened += await certificates.issue_where_due(connection, states.completed())
        references = await outbox.write(connection, happened)
    return results, references


async def _store_answers(connection: AsyncConnection[Any], batch: Batch, found: Found) -> dict[int, Result]:
    """Store quiz attempts and return their results, by identity of the report."""
    return {
        id(report): await quizzes.store(connection, report, course_id=records[key].course_id)
        for reports in batch
        for report in reports
        if isinstance(report, Answered)
        and (records := await found.records())
        and (key := (report.user_id, report.lesson_id)) in records
    }


async def _ask_clock(connection: AsyncConnection[Any]) -> AsyncCursor[tuple[datetime]]:
    # The database's clock, one for all processes, asked after the locks are held: whoever waited for a row must not
    # stamp it with a time from before the wait.
    return await connection.execute("SELECT clock_timestamp()")


async def _answer(cursor: AsyncCursor[tuple[datetime]]) -> datetime:
    [(now,)] = await cursor.fetchall()
    return now


class _States:
    """What becomes of the rows of a batch, report after report."""

    def __init__(self, records: dict[Key, Record], pending: set[Key], now: datetime) -> None:
        self.now = now
        self.played: list[Span] = []
        self.confirmed: list[tuple[Confirmation, int]] = []
        """The confirmations that completed something, each with the number of its row."""
        self._rules = rules()
        self._records = records
        self._lessons = {
            key: replace(record.lesson, quiz_pending=True) if key in pending else record.lesson
            for key, record in records.items()
        }
        self._rows = {key: record.row for key, record in records.items()}
        self._announced: set[Key] = set()
        self._completed: set[Key] = set()

    def take(self, reports: Sequence[Report], attempts: dict[int, Result]) -> list[Ack] | Refused:
        """Apply a group of reports, or say why it cannot be."""
        return self._refusal(reports) or [self._apply(report, attempts.get(id(report))) for report in reports]

    def changes(self) -> list[Change]:
        """The rows that are not what they were."""
        return [
            Change(record.pk, record.row, row)
            for key, record in self._records.items()
            if (row := self._rows[key]) is not record.row
        ]

    def completed(self) -> list[tuple[int, int]]:
        """(user, course) of what was completed."""
        return [(key[0], self._records[key].course_id) for key in self._records if key in self._completed]

    def happened(self) -> list[Reference]:
        """What there is to tell, in the order of the rows."""
        return [
            Reference(str(kind), record.pk, record.user_id, record.course_id)
            for key, record in self._records.items()
            for kind, those in (
                (Outbox.Kind.PROGRESS_ANNOUNCED, self._announced),
                (Outbox.Kind.LESSON_COMPLETED, self._completed),
            )
            if key in those
        ]

    def _refusal(self, reports: Sequence[Report]) -> Refused | None:
        for report in reports:
            key = (report.user_id, report.lesson_id)
            if key not in self._rows:
                return NotFound("lesson")
            if isinstance(report, Completion) and _wants_quiz(self._rows[key], self._lessons[key]):
                return QuizRequired()
        return None

    def _apply(self, report: Report, attempt: Result | None) -> Ack:
        key = (report.user_id, report.lesson_id)
        after = self._advance(report, self._rows[key], self._lessons[key])
        row = self._rows[key] = after.row
        if after.announced:
            self._announced.add(key)
        if after.completed:
            self._completed.add(key)
        confirmed = isinstance(report, Confirmation) and after.completed
        if isinstance(report, Confirmation) and after.completed:
            self.confirmed.append((report, self._records[key].pk))
        tick_id = report.id if isinstance(report, Tick) else None
        course_id, duration = self._records[key].course_id, self._lessons[key].duration
        return Ack(
            tick_id, row.percentage, row.status, row.completed, attempt, confirmed, course_id, duration, row.segments
        )

    def _advance(self, report: Report, row: Row, lesson: Lesson) -> Transition:
        if isinstance(report, Tick):
            after = advance(row, report, lesson=lesson, rules=self._rules, now=self.now)
            self.played.extend(Span(report.user_id, report.lesson_id, *each, report.rate) for each in after.paid)
            return after
        if isinstance(report, Completion):
            return complete(row, lesson=lesson, rules=self._rules, now=self.now)
        if isinstance(report, Confirmation):
            return complete(row, lesson=lesson, rules=self._rules, now=self.now, asked=Asked.BY_SCHOOL)
        return reconsider(row, lesson=lesson, rules=self._rules, now=self.now)


def _wants_quiz(row: Row, lesson: Lesson) -> bool:
    return not row.completed and "quiz" in missing(
        percentage=row.percentage, threshold=row.threshold, quiz_pending=lesson.quiz_pending, asked=Asked.BY_STUDENT
    )


def rules() -> Rules:
    """The school's rules, from the settings."""
    return Rules(
        max_rate=settings.PROGRESS_MAX_RATE,
        accept_claims=settings.PROGRESS_ACCEPT_CLAIMS,
        minimum=settings.FEED_PROGRESS_MINIMUM,
        step=settings.FEED_PROGRESS_STEP,
    )
