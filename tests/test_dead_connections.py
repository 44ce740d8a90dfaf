"""After the database has ended all of its connections, the next tick waits for one new connection, and no longer."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import psycopg
import pytest

from progress import database
from tests.live import address_of_test_database

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("loop_services")]

AT_ONCE = 8
"""As many as the pool holds."""


async def test_dead_connections_are_found_all_at_once() -> None:
    async with AsyncExitStack() as stack:
        lent = [await stack.enter_async_context(database.connection()) for _ in range(AT_ONCE)]
        pids = [each.info.backend_pid for each in lent]
    assert len(set(pids)) == AT_ONCE
    async with await psycopg.AsyncConnection.connect(address_of_test_database(), autocommit=True) as operator:
        await operator.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s::int[]) pid", [pids])
    # One by one, with pauses, it would take the pool seven seconds to find four of them.
    async with asyncio.timeout(3), database.connection() as borrowed:
        cursor = await borrowed.execute("SELECT 1")
        assert await cursor.fetchone() == (1,)
