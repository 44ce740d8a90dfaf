"""Retention: what is old is removed by the worker, every hour (docs/operations.md, "Retention")."""

from __future__ import annotations

from django.conf import settings

from progress import attention, database, spans


async def keep_to_it() -> None:
    """Remove spans and audit records that are older than settings allow, sessions that have expired, attempts to sign
    in that count no more, and dismissals that are over. Any number of processes may call it, at any time."""
    await spans.keep_months()
    async with database.connection() as connection:
        await connection.execute("DELETE FROM django_session WHERE expire_date < now()")
        await connection.execute("DELETE FROM axes_accessattempt WHERE attempt_time < now() - interval '1 day'")
        await connection.execute(
            "DELETE FROM progress_attentiondismissal WHERE until < now() - interval '1 day'"
            " OR at < now() - make_interval(days => %s)",
            [attention.KEPT_DAYS],
        )
        if days := settings.DISCLOSURES_KEPT_DAYS:
            await connection.execute(
                "DELETE FROM progress_disclosure WHERE day < (now() AT TIME ZONE 'UTC')::date - %s::int", [days]
            )
