"""Several web processes on one listening socket (WEB_CONCURRENCY): kept running, and ended together.

One socket, inherited, rather than one each with SO_REUSEPORT: a process that goes leaves no connection in a queue of
its own that nobody takes any more.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

from prometheus_client import multiprocess

from project.running.process import Process, how
from project.running.restarts import Restarts
from project.running.waiting import eventually

log = logging.getLogger(__name__)

BACKLOG = 4096
"""Connections that wait to be accepted. Twisted's own 50 makes a class that comes back at once wait for seconds, since
whoever does not fit tries again only after one, three, seven … of them. The kernel may hold it lower (somaxconn)."""
LOOK_SECONDS = 0.2


def serve(count: int, *, host: str, port: int) -> int:
    """Keep so many processes serving until SIGTERM or SIGINT; return the exit status. Refuses what is not IPv4."""
    try:
        listening = _listen(host, port)
    except OSError as error:
        log.error("Listen failure", extra={"host": host, "port": port, "error": str(error)})
        return 1
    with tempfile.TemporaryDirectory(prefix="feed-metrics-") as figures:
        return _keep_serving(count, listening, Path(figures))


def _keep_serving(count: int, listening: socket.socket, figures: Path) -> int:
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    kept = {_process(index, listening, figures): Restarts() for index in range(1, count + 1)}
    try:
        for process in kept:
            _start(process, listening)
        while not asked.wait(LOOK_SECONDS):
            for process, restarts in kept.items():
                _revive(process, restarts, listening, figures)
    finally:
        listening.close()
        _end(list(kept))
    return 0


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(BACKLOG)
    listening.setblocking(False)
    return listening


def _process(index: int, listening: socket.socket, figures: Path) -> Process:
    command = [sys.executable, "-m", "project.server", "--fd", str(listening.fileno())]
    # Whichever process is asked for /metrics answers for all: each keeps its figures in files of this folder.
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(figures)}
    return Process(f"web {index}", command, env=env, folder=Path.cwd())


def _start(process: Process, listening: socket.socket) -> None:
    process.start(output=2, inherit=[listening.fileno()])


def _revive(process: Process, restarts: Restarts, listening: socket.socket, figures: Path) -> None:
    now = time.monotonic()
    if restarts.due is None and not process.running:
        # What it had open is open no more; what it counted stays counted.
        multiprocess.mark_process_dead(process.pid, path=str(figures))  # type: ignore[no-untyped-call]
        status = process.clear()
        delay = restarts.died(now=now)
        log.error("A web process died", extra={"web": process.name, "how": how(status), "again_in": delay})
    elif restarts.due is not None and now >= restarts.due:
        restarts.started(now=now)
        _start(process, listening)


def _end(processes: list[Process]) -> None:
    """End them all at once, each with its own drain; kill what outlives it."""
    for process in processes:
        process.tell(process.stop_signal)
    eventually(lambda: not any(process.running for process in processes), processes[0].stop_within)
    for process in processes:
        process.kill()
