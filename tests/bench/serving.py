"""A server process of a run: started, waited for until it listens, and ended by its own id."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from project.running.process import Process
from project.running.waiting import eventually
from tests.bench.child import ROOT, Failed
from tests.bench.ports import listens


@contextlib.contextmanager
def serving(
    title: str, command: Sequence[str], environment: Mapping[str, str], *, port: int, log: Path
) -> Iterator[Process]:
    """Run it; what it says goes to the log. Raises Failed where it does not come to listen on the port."""
    server = Process(title, list(command), env=dict(environment), folder=ROOT, stop_within=10)
    with contextlib.ExitStack() as running:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        running.callback(os.close, output)
        running.callback(server.stop)
        server.start(output=output)
        if not eventually(lambda: not server.running or listens(port), 30) or not server.running:
            raise Failed(f"did not start: {log.read_text()[-2000:]}")
        yield server
