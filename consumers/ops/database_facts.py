"""What PostgreSQL says of itself, on a connection of our own: the pools may be what is wrong. No query's text."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import psycopg
from psycopg import AsyncConnection

from progress import database, outbox
from progress.models import ExamAttempt, Outbox, QuizAttempt, UserProgress, WatchedSpan

NAME: Final = "operators"
"""What our connection is called in pg_stat_activity; it is not counted as one that does anything."""

_OPTIONS: Final[dict[str, Any]] = {
    "autocommit": True,
    "application_name": NAME,
    # Whoever holds a table for itself must not hold us up too.
    "options": "-c statement_timeout=1000 -c lock_timeout=300",
}
TABLES: Final = [
    *(each._meta.db_table for each in (UserProgress, WatchedSpan, Outbox, QuizAttempt, ExamAttempt)),
    "procrastinate_jobs",
]
"""Tables that grow with what students do."""

# Of others' sessions we see that they are there, and not since when; ours are those of the same user.
_ACTIVITY: Final = """
SELECT count(*),
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
       coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)
           FILTER (WHERE state <> 'idle' AND datname = current_database())), 0),
       coalesce(extract(epoch FROM max(clock_timestamp() - state_change)
           FILTER (WHERE state LIKE 'idle in transaction%%' AND datname = current_database())), 0),
       count(*) FILTER (WHERE wait_event_type = 'Lock'),
       coalesce(extract(epoch FROM max(clock_timestamp() - state_change) FILTER (WHERE wait_event_type = 'Lock')), 0),
       current_setting('server_version'), pg_database_size(current_database())
FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> %s
"""
# Parts of a table that is kept by month count as that table.
_TABLES: Final = """
SELECT coalesce(whole.relname, part.relname) AS name, sum(pg_total_relation_size(part.relid))::bigint,
       sum(part.n_live_tup)::bigint, sum(part.n_dead_tup)::bigint
FROM pg_stat_user_tables part
LEFT JOIN pg_inherits ON inhrelid = part.relid LEFT JOIN pg_class whole ON whole.oid = inhparent
WHERE coalesce(whole.relname, part.relname) = ANY(%s) GROUP BY 1 ORDER BY 2 DESC
"""


class Table(msgspec.Struct, frozen=True):
    """A table with its indexes: bytes, and rows as last counted, those that are dead apart."""

    name: str
    size: int
    rows: int
    dead_rows: int


class DatabaseFacts(msgspec.Struct, frozen=True, kw_only=True):
    """PostgreSQL as it is now; times are seconds, sizes bytes.

    `outbox_rows` and `tables` are None where somebody holds these tables for themselves.
    """

    version: str
    size: int
    connections: int
    most_connections: int
    longest_transaction: float
    longest_idle: float
    waiting_for_locks: int
    longest_lock_wait: float
    outbox_rows: int | None
    outbox_age: float
    tables: list[Table] | None


async def connect() -> AsyncConnection[Any]:
    """A connection for one look. Raises psycopg.OperationalError where the database is away."""
    return await AsyncConnection.connect(database.conninfo(), **_OPTIONS)


async def read() -> DatabaseFacts:
    """Ask PostgreSQL. Raises psycopg.Error where it is away."""
    async with await connect() as connection:
        cursor = await connection.execute(_ACTIVITY, [NAME])
        found = await cursor.fetchone()
        if found is None:
            raise RuntimeError("An aggregate gave no row")
        waiting = await _unless_locked(connection, outbox.WAITING)
        tables = await _unless_locked(connection, _TABLES, [TABLES])
    connections, most, transaction, idle, waiters, lock_wait, version, size = found
    return DatabaseFacts(
        version=str(version).split()[0],
        size=int(size),
        connections=int(connections),
        most_connections=int(most),
        longest_transaction=float(transaction),
        longest_idle=float(idle),
        waiting_for_locks=int(waiters),
        longest_lock_wait=float(lock_wait),
        outbox_rows=int(waiting[0][0]) if waiting else None,
        outbox_age=float(waiting[0][1]) if waiting else 0.0,
        tables=None if tables is None else [Table(*row) for row in tables],
    )


async def _unless_locked(
    connection: AsyncConnection[Any], statement: str, parameters: list[Any] | None = None
) -> list[tuple[Any, ...]] | None:
    try:
        return await (await connection.execute(statement, parameters)).fetchall()
    except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled):
        return None
