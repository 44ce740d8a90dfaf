"""The asynchronous way to PostgreSQL: one connection pool per event loop, beside Django's own connections.

The recorder speaks SQL on it without a thread hop per tick; queries that the ORM has built run on it as they are, so
that a rule stays written once as a QuerySet and serves pages (in threads) and sockets (in the loop) alike.
"""

from __future__ import annotations

import asyncio
import select
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet
from psycopg import AsyncConnection, pq
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool

_pools: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncConnectionPool] = weakref.WeakKeyDictionary()

_WAIT_SECONDS = 10.0
_MOST_CONNECTIONS = 8


def conninfo() -> str:
    """Return where the database is, for connections that Django does not make."""
    # Django's own view of its settings: under tests the database has another name than settings say.
    chosen = connections["default"].get_connection_params()
    # All that libpq knows, certificates too; what Django alone knows is left out.
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    return make_conninfo(**{key: value for key, value in chosen.items() if key in known and value not in (None, "")})


_OPTIONS: dict[str, Any] = {"autocommit": True, "application_name": "recorder", "options": "-c TimeZone=UTC"}


async def open_pool() -> None:
    """Keep connections open on this loop: for loops that live long, those of a web process or a worker."""
    loop = asyncio.get_running_loop()
    if loop in _pools:
        return
    _pools[loop] = AsyncConnectionPool(
        conninfo(),
        kwargs=_OPTIONS,
        min_size=0,
        max_size=_MOST_CONNECTIONS,
        timeout=_WAIT_SECONDS,
        check=_check,
        open=False,
    )
    await _pools[loop].open()


async def _check(borrowed: AsyncConnection[Any]) -> None:
    """Ask a connection on which something has come by itself for a round trip before it is lent.

    A database that restarts says so on each connection and closes it, as one does that ends a connection. Where nothing
    has come there is nothing to know, and a round trip before each commit would be a third of its turns of the loop.

    Where one is dead the others are too, as a rule. The pool would find that out one by one, with a pause after each
    that is twice as long as the one before, so all that rest are replaced at once.
    """
    if not _has_come(borrowed):
        return
    try:
        await AsyncConnectionPool.check_connection(borrowed)
    except psycopg.OperationalError:
        pool = _pools.get(asyncio.get_running_loop())
        if pool is not None:
            await pool.drain()
        raise


def _has_come(resting: AsyncConnection[Any]) -> bool:
    poll = select.poll()
    poll.register(resting.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def pooled() -> bool:
    """Whether this loop keeps connections, and so will live on after the task at hand."""
    return asyncio.get_running_loop() in _pools


@asynccontextmanager
async def connection() -> AsyncIterator[AsyncConnection[Any]]:
    """Lend a connection in autocommit mode; `async with borrowed.transaction()` makes a transaction.

    It comes from the loop's pool, or, on a short-lived loop (a command, a test), is made and closed here. Raises
    psycopg.OperationalError (PoolTimeout among them) where the database is away.
    """
    pool = _pools.get(asyncio.get_running_loop())
    if pool is not None:
        async with pool.connection() as borrowed:
            yield borrowed
    else:
        async with await AsyncConnection.connect(conninfo(), **_OPTIONS) as borrowed:
            yield borrowed


async def rows(query: QuerySet[Any, tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Run a `values_list` query of the ORM on this loop's pool and return its rows.

    The columns come back as PostgreSQL types them (JSON parsed), which for our models is as the ORM gives them.
    """
    try:
        statement, parameters = query.query.sql_with_params()
    except EmptyResultSet:  # the ORM sees by itself that nothing can be found
        return []
    async with connection() as borrowed:
        cursor = await borrowed.execute(statement, parameters)
        return await cursor.fetchall()


async def close() -> None:
    """Close this loop's connections; a later use opens new ones."""
    pool = _pools.pop(asyncio.get_running_loop(), None)
    if pool is not None:
        await pool.close()
