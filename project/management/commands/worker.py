"""`manage.py worker`: does jobs, and tells what the outbox still holds, until SIGTERM or SIGINT."""

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand

from consumers.ops import reporter
from progress import database, job_worker, recorder
from progress.sweeper import Sweeper


class Command(BaseCommand):
    """Run jobs and the sweeper in the foreground."""

    help = (
        "Does the jobs that others have left for later, and publishes what the outbox still holds after a crash or an "
        "outage. Any number of workers may run."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until told to stop."""
        asyncio.run(_work())


async def _work() -> None:
    stopped = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stopped.set)
    await database.open_pool()
    reporter.start("worker", stopped.is_set)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(Sweeper(stopped).run())
            group.create_task(job_worker.work(stopped))
        await recorder.idle()
    finally:
        await reporter.stop()
        await database.close()
