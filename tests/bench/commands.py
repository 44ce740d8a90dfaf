"""Commands on standard input, answers on standard output, one JSON object a line (tests.bench.child asks)."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Protocol


class Doer(Protocol):
    """Who does as commanded: each command is a method, and what it returns is the answer."""

    commanded: bool
    """Whether there is something to read on standard input."""

    def turn(self, timeout: float) -> None:
        """Wait for what comes, commands among it, at most so many seconds."""

    def drop(self) -> dict[str, Any]:
        """Close everything."""


def serve(doer: Doer) -> None:
    """Do as commanded until the input ends."""
    commands = b""
    while True:
        doer.turn(1)
        if not doer.commanded:
            continue
        doer.commanded = False
        more = os.read(0, 1 << 20)
        if not more:
            doer.drop()
            return
        commands += more
        while b"\n" in commands:
            line, _, commands = commands.partition(b"\n")
            command = json.loads(line)
            answer = getattr(doer, command.pop("do"))(**command)
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
