"""`python -m tests.chaos.ground GROUND SEED NAME…`: runs scenarios on servers of one kind; prints an object a line."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time

from tests.bench.surroundings import allow_many_sockets
from tests.chaos.outcome import MARK
from tests.chaos.servers import servers


def main() -> None:
    """Run the scenarios that were asked for, and say what came of each as soon as it is over."""
    ground, seed, *names = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # so that all that was started is ended
    allow_many_sockets()
    with servers(ground) as running:
        import django

        django.setup()
        from django.core.management import call_command

        from tests.chaos.trial import tried

        call_command("migrate", verbosity=0)
        for name in names:
            began = time.monotonic()
            outcome = asyncio.run(tried(running, name, seed))
            outcome.seconds = round(time.monotonic() - began, 1)
            sys.stdout.write(MARK + json.dumps(outcome.told()) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
