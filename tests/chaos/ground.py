"""`python -m tests.chaos.ground GROUND SEED NAME…`: runs scenarios on servers of one kind; prints an object a line."""

from __future__ import annotations

import asyncio
import json
import sys
import time

from tests.chaos.servers import servers


def main() -> None:
    """Run the scenarios that were asked for, and say what came of each as soon as it is over."""
    ground, seed, *names = sys.argv[1:]
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
            sys.stdout.write(json.dumps(outcome.told()) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
