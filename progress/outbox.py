"""The outbox: references to what changed, written in the transaction that changed it, told after commit.

Whoever wrote references tells them at once (`tell`, `tell_after_commit`); what is left by a crash, or by a Redis that
was away, progress.sweeper tells. A reference may so be told twice, and receivers bear that.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from asgiref.sync import async_to_sync
from django.db import connection as django_connection
from django.db import transaction
from django.utils import timezone
from psycopg import AsyncConnection

from progress import database, metrics, signals
from progress.arrays import array
from progress.failures import in_words
from progress.models import Outbox

log = logging.getLogger(__name__)

SIGNALS = {kind: getattr(signals, kind) for kind in Outbox.Kind.values}
"""The signal of each kind, in the order in which a batch is told: state first, then what takes it back."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What changed: a row's id and whose it was; never its content, which receivers read as it is then."""

    kind: str
    object_id: int
    user_id: int | None = None
    course_id: int | None = None
    subject: str = ""
    id: int | None = None


async def write(connection: AsyncConnection[Any], references: Sequence[Reference]) -> list[Reference]:
    """Write references inside the caller's transaction and return them with their ids."""
    if not references:
        return []
    cursor = await connection.execute(
        """
        INSERT INTO progress_outbox (kind, subject, object_id, user_id, course_id, at)
        SELECT kind, subject, object_id, user_id, course_id, clock_timestamp()
        FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[]) WITH ORDINALITY
             AS new(kind, subject, object_id, user_id, course_id, place)
        ORDER BY place
        RETURNING id
        """,
        [
            array([reference.kind for reference in references]),
            array([reference.subject for reference in references]),
            array([reference.object_id for reference in references]),
            array([reference.user_id for reference in references]),
            array([reference.course_id for reference in references]),
        ],
    )
    ids = [row[0] for row in await cursor.fetchall()]
    return [
        Reference(each.kind, each.object_id, each.user_id, each.course_id, each.subject, id)
        for each, id in zip(references, ids, strict=True)
    ]


def write_and_tell(references: Sequence[Reference]) -> None:
    """Write references inside the caller's (synchronous) transaction, and tell them when it commits."""
    if not references:
        return
    rows = Outbox.objects.bulk_create(
        Outbox(
            kind=each.kind,
            subject=each.subject,
            object_id=each.object_id,
            user_id=each.user_id,
            course_id=each.course_id,
            at=timezone.now(),
        )
        for each in references
    )
    written = [Reference(row.kind, row.object_id, row.user_id, row.course_id, row.subject, row.pk) for row in rows]
    transaction.on_commit(partial(_tell_in_its_own_time, written))


def _tell_in_its_own_time(references: list[Reference]) -> None:
    try:
        async_to_sync(tell)(references)
    except Exception:
        # The write is committed and its caller must not fail for it (law 6): the sweeper tells within seconds.
        log.warning("Left in the outbox for the sweeper", extra={"references": len(references)}, exc_info=True)


async def tell(references: Iterable[Reference]) -> None:
    """Send each kind's signal once with its references, then mark them as done.

    Raises what a receiver raises; references not marked by then are told again by the sweeper.
    """
    waiting = list(references)
    await send(waiting)
    async with database.connection() as connection:
        await mark_done(connection, waiting)


async def send(references: Sequence[Reference]) -> None:
    """Send each kind's signal once with its references; raises what a receiver raises."""
    for kind, signal in SIGNALS.items():
        if of_kind := [reference for reference in references if reference.kind == kind]:
            await signal.asend(sender=Outbox, references=of_kind)


async def mark_done(connection: AsyncConnection[Any], references: Iterable[Reference]) -> None:
    """Put the live feed's mark on these references."""
    await connection.execute(
        "UPDATE progress_outbox SET live_done_at = clock_timestamp() WHERE id = ANY(%s)",
        [[reference.id for reference in references]],
    )


def untell(minutes: int) -> int:
    """Take the live feed's mark off what was told within these minutes (synchronous); return off how many.

    The sweeper tells them again: what is on a page already shows there once.
    """
    return Outbox.objects.filter(
        live_done_at__isnull=False, at__gte=timezone.now() - timedelta(minutes=minutes)
    ).update(live_done_at=None)


WAITING = (
    "SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0) FROM progress_outbox"
    " WHERE live_done_at IS NULL"
)
"""How many references wait to be told, and for how many seconds the oldest has waited."""


def waiting_now() -> tuple[int, float]:
    """How many references wait to be told, and for how many seconds the oldest has waited (synchronous)."""
    with django_connection.cursor() as cursor:
        cursor.execute(WAITING)
        rows, age = cursor.fetchone()
    return int(rows), float(age)


@dataclass(slots=True)
class Teller:
    """Tells one loop's references in the order of their commits, whatever gathered meanwhile as one batch.

    They are marked as done in a task of its own: nobody waits for the mark, and who is killed before it has told twice.
    """

    waiting: list[Reference] = field(default_factory=list)
    since: float = 0.0
    """When the first of those that wait was added, by the loop's clock."""
    task: asyncio.Task[None] | None = None
    told: list[Reference] = field(default_factory=list)
    marking: asyncio.Task[None] | None = None

    def add(self, references: Sequence[Reference]) -> None:
        """Take references of a transaction that has committed."""
        if references and not self.waiting:
            self.since = asyncio.get_running_loop().time()
        self.waiting.extend(references)
        if self.waiting and self.task is None:
            self.task = asyncio.create_task(self._tell_all())

    async def _tell_all(self) -> None:
        try:
            while self.waiting:
                batch, since, self.waiting = self.waiting, self.since, []
                try:
                    await send(batch)
                except Exception as error:
                    # Whatever the live side suffers from, students go on (law 6); the sweeper has the references.
                    _left(batch, error)
                else:
                    metrics.commit_to_publish.observe(asyncio.get_running_loop().time() - since)
                    self.told.extend(batch)
                    if self.marking is None:
                        self.marking = asyncio.create_task(self._mark_all())
        finally:
            self.task = None

    async def _mark_all(self) -> None:
        try:
            while self.told:
                batch, self.told = self.told, []
                try:
                    async with database.connection() as connection:
                        await mark_done(connection, batch)
                except Exception as error:
                    _left(batch, error)
        finally:
            self.marking = None

    async def idle(self) -> None:
        """Wait until all that was added has been told and marked, or left to the sweeper."""
        while tasks := [task for task in (self.task, self.marking) if task is not None]:
            await asyncio.wait(tasks)


def _left(references: Sequence[Reference], error: Exception) -> None:
    log.warning("Left in the outbox for the sweeper", extra={"references": len(references), "error": in_words(error)})


_tellers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Teller] = weakref.WeakKeyDictionary()


def teller() -> Teller:
    """The running loop's teller."""
    return _tellers.setdefault(asyncio.get_running_loop(), Teller())
