"""Health: alive, which needs nothing, and ready, which needs the database.

Redis away leaves a process ready and says so: students' writes do not need it (law 6), and a balancer that took every
process out for it would make an outage of a delay.
"""

from __future__ import annotations

import asyncio

from django.http import HttpRequest, JsonResponse
from psycopg import Error as DatabaseError
from redis.exceptions import RedisError

from feed.layer import histories
from progress import database
from project import draining

_PATIENCE_SECONDS = 3.0


async def alive(request: HttpRequest) -> JsonResponse:
    """`/healthz`: this process answers."""
    return JsonResponse({"status": "ok"})


async def ready(request: HttpRequest) -> JsonResponse:
    """`/readyz`: 200 if this process may be given traffic, else 503; each service as "ok" or "away"."""
    has_database, has_redis = await asyncio.gather(_database(), _redis())
    state = {
        "draining": draining.begun(),
        "database": "ok" if has_database else "away",
        "redis": "ok" if has_redis else "away",
    }
    is_ready = has_database and not draining.begun()
    return JsonResponse({"status": "ok" if is_ready else "unavailable", **state}, status=200 if is_ready else 503)


async def _database() -> bool:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS), database.connection() as connection:
            await connection.execute("SELECT 1")
    except (DatabaseError, TimeoutError, OSError):
        return False
    return True


async def _redis() -> bool:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await histories().ping()
    except (RedisError, TimeoutError, OSError):
        return False
