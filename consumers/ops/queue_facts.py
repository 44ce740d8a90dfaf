"""The worker's queue: procrastinate's jobs by status, how long one has waited, and the workers whose heart beats."""

from __future__ import annotations

from typing import Final

import msgspec

from consumers.ops import database_facts
from progress.job_worker import STALLED_SECONDS

_JOBS: Final = "SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY status"
_OLDEST: Final = """
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(greatest(event.at, job.scheduled_at))), 0)
FROM procrastinate_jobs job JOIN procrastinate_events event ON event.job_id = job.id AND event.type = 'deferred'
WHERE job.status = 'todo' AND (job.scheduled_at IS NULL OR job.scheduled_at <= clock_timestamp())
"""
_WORKERS: Final = """
SELECT count(*) FILTER (WHERE last_heartbeat > clock_timestamp() - make_interval(secs => %(stalled)s)),
       (SELECT count(*) FROM procrastinate_jobs job LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id
        WHERE job.status = 'doing'
          AND coalesce(worker.last_heartbeat < clock_timestamp() - 2 * make_interval(secs => %(stalled)s), true))
FROM procrastinate_workers
"""


class QueueFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The jobs: how many of each status; `oldest` is for how many seconds one that is due has waited, `orphans` those
    that a dead worker was doing and that nobody has given back."""

    jobs: dict[str, int]
    oldest: float
    workers: int
    orphans: int


async def read() -> QueueFacts:
    """Ask PostgreSQL. Raises psycopg.Error where it is away."""
    async with await database_facts.connect() as connection:
        jobs = await (await connection.execute(_JOBS)).fetchall()
        oldest = await (await connection.execute(_OLDEST)).fetchone()
        workers = await (await connection.execute(_WORKERS, {"stalled": STALLED_SECONDS})).fetchone()
    if oldest is None or workers is None:
        raise RuntimeError("An aggregate gave no row")
    return QueueFacts(
        jobs={str(status): int(count) for status, count in jobs},
        oldest=float(oldest[0]),
        workers=int(workers[0]),
        orphans=int(workers[1]),
    )
