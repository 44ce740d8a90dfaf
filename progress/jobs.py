"""Jobs: what is done later, by a worker. Each is written in the transaction that wants it, as the outbox is.

A job is a hint, the row is the truth: a job reads what is to be done from the row it names, and finds nothing to do
where that was done already. So it may run twice, as it does when its worker is killed in the middle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from procrastinate import jobs as procrastinate_jobs
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.manager import JobManager
from procrastinate.psycopg_connector import PsycopgConnector
from procrastinate.tasks import Task
from psycopg import AsyncConnection

AnyTask = Task[Any, Any, Any]

# Not the app's own manager: a worker exchanges the connector of that one.
_on_djangos_connection = JobManager(DjangoConnector())
_on_a_given_connection = JobManager(PsycopgConnector())  # never opened


def task(name: str, **options: Any) -> Callable[[Callable[..., Any]], AnyTask]:
    """Declare a job. Its name is not its module's: jobs that wait are found by it, and outlive a module that moves."""
    declare: Callable[[Callable[..., Any]], AnyTask] = app.task(name=name, **options)
    return declare


async def defer(connection: AsyncConnection[Any], job: AnyTask, *arguments: dict[str, Any]) -> None:
    """Have the job done for each of these arguments once the caller's transaction commits."""
    if arguments:
        made = _jobs(job, arguments)
        await _on_a_given_connection.batch_defer_jobs_async(jobs=made, connection=connection)


def defer_from_thread(job: AnyTask, *arguments: dict[str, Any]) -> None:
    """The same for synchronous code, in the transaction of Django's own connection."""
    if arguments:
        _on_djangos_connection.batch_defer_jobs(jobs=_jobs(job, arguments))


def _jobs(job: AnyTask, arguments: Sequence[dict[str, Any]]) -> list[procrastinate_jobs.Job]:
    # The lock lets jobs about one row, of whatever kind, wait for each other. (A queueing lock would refuse the second
    # with an error, and an error ends the caller's transaction.)
    return [
        job.configure(lock=", ".join(f"{name} {value}" for name, value in each.items())).make_new_job(**each)
        for each in arguments
    ]
