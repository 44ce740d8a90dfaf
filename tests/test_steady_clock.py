"""The server's timers follow a clock that nobody sets, and not the wall clock, which somebody may set back."""

from __future__ import annotations

import subprocess
import sys

from tests.live import ROOT

SET_BACK = """
import time_machine, time
from project import server
server.take_steady_clock()
server.reactor.callLater(0.5, server.reactor.stop)
with time_machine.travel(time.time() - 3600, tick=True):
    server.reactor.run(installSignalHandlers=False)
"""


def test_a_timer_comes_when_it_is_due_though_the_wall_clock_was_set_back_by_an_hour() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SET_BACK], cwd=ROOT, timeout=60, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
