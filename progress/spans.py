"""Watched spans: every stretch that was played and counted, kept as it was played, each time it was played.

A progress row says which seconds were watched, once each; this table says when, how often and how fast. It is written
in the transaction that counts the stretch, and little is in the way of a tick: no foreign key to look up, one index. It
is partitioned by month, so that what is old is dropped as a file and not deleted row by row.

Rows go with their progress row: whoever removes people, courses or lessons calls `forget` under the rows' locks, and no
span is written without holding its row's lock.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import connection as django_connection
from psycopg import AsyncConnection, sql

from progress import database
from progress.arrays import array

log = logging.getLogger(__name__)

TABLE = "progress_watchedspan"
MONTHS_AHEAD = 3
"""Partitions that are there before they are needed: a worker may be away for a while."""

_LOCK = 0x7370616E73  # "spans"


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds `start` to `end` of a lesson, played by a student; `rate` is the player's speed, None where it was not
    told."""

    user_id: int
    lesson_id: int
    start: float
    end: float
    rate: float | None


async def append(connection: AsyncConnection[tuple[object, ...]], spans: Sequence[Span], *, at: datetime) -> None:
    """Write spans in the caller's transaction, whose rows are locked."""
    if spans:
        await connection.execute(
            f"""
            INSERT INTO {TABLE} (user_id, lesson_id, from_second, to_second, rate, at)
            SELECT *, %s FROM unnest(%s::bigint[], %s::bigint[], %s::float8[], %s::float8[], %s::float8[])
            """,  # noqa: S608 - our own table # nosec B608
            [
                at,
                array([span.user_id for span in spans]),
                array([span.lesson_id for span in spans]),
                array([span.start for span in spans]),
                array([span.end for span in spans]),
                array([span.rate for span in spans]),
            ],
        )


def forget(pairs: Sequence[tuple[int, int]]) -> None:
    """Delete the spans of these (user, lesson) pairs, in the caller's (synchronous) transaction."""
    with django_connection.cursor() as cursor:
        cursor.execute(
            f"""
            DELETE FROM {TABLE} USING unnest(%s::bigint[], %s::bigint[]) AS gone(user_id, lesson_id)
            WHERE {TABLE}.lesson_id = gone.lesson_id AND {TABLE}.user_id = gone.user_id
            """,  # noqa: S608 - our own table # nosec B608
            [[user_id for user_id, _ in pairs], [lesson_id for _, lesson_id in pairs]],
        )


async def keep_months() -> None:
    """Make the partitions of this month and the next ones, and drop those that are older than SPANS_KEPT_MONTHS.

    Any number of processes may call it, at any time.
    """
    async with database.connection() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        there = await _months(connection)
        now = datetime.now(UTC)
        for ahead in range(MONTHS_AHEAD + 1):
            if (month := _months_after(now.year, now.month, ahead)) not in there:
                await _make(connection, month)
        kept = settings.SPANS_KEPT_MONTHS
        for month in sorted(there):
            if kept and month < _months_after(now.year, now.month, -kept):
                await connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(_name(month))))
                log.info("Watched spans dropped", extra={"month": f"{month[0]}-{month[1]:02}"})


Month = tuple[int, int]


async def _months(connection: AsyncConnection[tuple[object, ...]]) -> set[Month]:
    cursor = await connection.execute(
        "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = %s::regclass", [TABLE]
    )
    names = [str(name).removeprefix(f"{TABLE}_") for (name,) in await cursor.fetchall()]
    return {(int(name[1:5]), int(name[6:8])) for name in names if name != "default"}


async def _make(connection: AsyncConnection[tuple[object, ...]], month: Month) -> None:
    places = {
        "all": sql.Identifier(TABLE),
        "default": sql.Identifier(f"{TABLE}_default"),
        "one": sql.Identifier(_name(month)),
        "from": sql.Literal(_first(month)),
        "to": sql.Literal(_first(_months_after(*month, 1))),
    }
    for statement in (
        "CREATE TABLE {one} (LIKE {all} INCLUDING DEFAULTS)",
        # Where no worker ran for months: what came meanwhile lies in the default partition.
        "WITH moved AS (DELETE FROM {default} WHERE at >= {from} AND at < {to} RETURNING *) "
        "INSERT INTO {one} SELECT * FROM moved",
        # A weaker lock than CREATE TABLE … PARTITION OF takes: ticks go on.
        "ALTER TABLE {all} ATTACH PARTITION {one} FOR VALUES FROM ({from}) TO ({to})",
    ):
        await connection.execute(sql.SQL(statement).format(**places))


def _name(month: Month) -> str:
    return f"{TABLE}_y{month[0]}m{month[1]:02}"


def _first(month: Month) -> datetime:
    return datetime(*month, 1, tzinfo=UTC)


def _months_after(year: int, month: int, count: int) -> Month:
    years, zero_based = divmod(year * 12 + month - 1 + count, 12)
    return years, zero_based + 1
