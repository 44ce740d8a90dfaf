"""A process that publishes to one system, as that system's own applications do.

`python -m tests.bench.publisher SYSTEM [ADDRESS]`, commands on standard input (tests.bench.child).
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from tests.bench.entries import entries
from tests.bench.publishing import Publish


class Publishing(Protocol):
    """What a module of tests.bench.publishing has."""

    async def connected(self, address: str) -> Publish:
        """Return the function that publishes a batch."""


async def burst(publish: Publish, *, count: int) -> dict[str, Any]:
    """Publish many at once."""
    batch = entries(count)
    began = time.monotonic_ns()
    await publish(batch)
    return {"began": began, "ended": time.monotonic_ns()}


async def steady(
    publish: Publish, *, rate: float, seconds: float, longer_by: int = 0, together: int = 1
) -> dict[str, Any]:
    """Publish at a rate, one by one or so many together, as one commit has them."""
    began = time.monotonic_ns()
    for number in range(0, int(rate * seconds), together):
        await asyncio.sleep(number / rate - (time.monotonic_ns() - began) / 1e9)
        await publish(entries(together, longer_by=longer_by))
    return {"began": began, "ended": time.monotonic_ns()}


COMMANDS: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {"burst": burst, "steady": steady}


async def main(system: str, address: str) -> None:
    """Do as commanded until the input ends."""
    publishing: Publishing = importlib.import_module(f"tests.bench.publishing.{system}")
    publish = await publishing.connected(address)
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        answer = await COMMANDS[command.pop("do")](publish, **command)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
