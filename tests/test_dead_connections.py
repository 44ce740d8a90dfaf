"""After the database has ended all of its connections, the next tick waits for one new connection, and no longer."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from psycopg_pool import AsyncConnectionPool

from progress import database
from progress.models import User
from tests.live import address_of_test_database

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("loop_services")]

AT_ONCE = 8
"""As many as the pool holds."""


def end(pids: list[int]) -> None:
    """What a restart of the database does to connections."""
    with psycopg.connect(address_of_test_database(), autocommit=True) as operator:
        operator.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s::int[]) pid", [pids])


async def test_the_recorder_finds_dead_connections_all_at_once() -> None:
    async with AsyncExitStack() as stack:
        lent = [await stack.enter_async_context(database.connection()) for _ in range(AT_ONCE)]
        pids = [each.info.backend_pid for each in lent]
    assert len(set(pids)) == AT_ONCE
    await asyncio.to_thread(end, pids)
    # One by one, with pauses, it would take the pool seven seconds to find four of them.
    async with asyncio.timeout(3), database.connection() as borrowed:
        cursor = await borrowed.execute("SELECT 1")
        assert await cursor.fetchone() == (1,)


async def test_a_connection_that_nothing_has_come_on_is_lent_without_a_round_trip(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []
    check = AsyncConnectionPool.check_connection

    async def counted(borrowed: psycopg.AsyncConnection[object]) -> None:
        asked.append(borrowed.info.backend_pid)
        await check(borrowed)

    monkeypatch.setattr(AsyncConnectionPool, "check_connection", staticmethod(counted))
    async with database.connection() as borrowed:
        pid = borrowed.info.backend_pid
    async with database.connection() as borrowed:
        assert borrowed.info.backend_pid == pid
    assert asked == []
    await asyncio.to_thread(end, [pid])
    async with database.connection() as borrowed:
        assert borrowed.info.backend_pid != pid
    assert asked[0] == pid


async def test_pages_find_dead_connections_all_at_once() -> None:
    def rest_in_the_pool() -> list[int]:
        lent = [connection.pool.getconn() for _ in range(AT_ONCE)]
        for each in lent:
            connection.pool.putconn(each)
        return [each.info.backend_pid for each in lent]

    @sync_to_async(thread_sensitive=False)  # as a request: with no connection yet
    def ask() -> bool:
        try:
            return User.objects.exists()
        finally:
            connection.close()

    pids = await sync_to_async(rest_in_the_pool)()
    assert len(set(pids)) == AT_ONCE
    await asyncio.to_thread(end, pids)
    async with asyncio.timeout(3):
        assert not await ask()
