"""`manage.py worker`: tells what the outbox still holds, until SIGTERM or SIGINT."""

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand

from progress import database
from progress.sweeper import Sweeper


class Command(BaseCommand):
    """Run the sweeper in the foreground."""

    help = "Publishes what the outbox still holds after a crash or an outage. Any number of workers may run."

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until told to stop."""
        asyncio.run(_work())


async def _work() -> None:
    stopped = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stopped.set)
    await database.open_pool()
    try:
        await Sweeper(stopped).run()
    finally:
        await database.close()
