"""Retention: what is old is removed by the worker, every hour (docs/operations.md, "Retention")."""

from __future__ import annotations

from django.conf import settings

from progress import database, spans


async def keep_to_it() -> None:
    """Remove spans and audit records that are older than settings allow, sessions that have expired, and attempts to
    sign in that count no more. Any number of processes may call it, at any time."""
    await spans.keep_months()
    async with database.connection() as connection:
        await connection.execute("DELETE FROM django_session WHERE expire_date < now()")
        await connection.execute("DELETE FROM axes_accessattempt WHERE attempt_time < now() - interval '1 day'")
        if days := settings.DISCLOSURES_KEPT_DAYS:
            await connection.execute(
                "DELETE FROM progress_disclosure WHERE day < (now() AT TIME ZONE 'UTC')::date - %s::int", [days]
            )
