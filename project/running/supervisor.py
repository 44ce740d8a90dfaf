"""The supervisor: keeps processes running, starts again what dies, and leaves nothing behind when it ends."""

import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterable

from project.running.process import Process, how
from project.running.refused import Refused
from project.running.restarts import Restarts
from project.running.runlock import RunLock
from project.running.terminal import Terminal


class Stop(Exception):
    """Somebody asked the run to end."""


class Supervisor:
    """Keeps services and processes running until it is told to stop; a context, which ends them all when left.

    On SIGINT, SIGTERM or SIGHUP the waiting methods raise `Stop`. Processes end before services do.
    """

    def __init__(self, lock: RunLock, *, colour: bool = False) -> None:
        self._lock = lock
        self._terminal = Terminal(colour=colour)
        self._services: list[Process] = []
        self._processes: list[Process] = []
        self._kept: dict[Process, Restarts] = {}
        self._asked = 0
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> "Supervisor":
        self._ear, self._mouth = socket.socketpair()
        self._ear.setblocking(False)
        self._mouth.setblocking(False)
        self._selector.register(self._ear, selectors.EVENT_READ, lambda: self._ear.recv(4096))
        signal.set_wakeup_fd(self._mouth.fileno())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores it
                signal.signal(number, self._ask)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only so that the death of a child wakes the selector
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.leave()
        self._end(self._processes)
        self._end(self._services)
        signal.set_wakeup_fd(-1)
        self._selector.close()

    def start_services(self, services: Iterable[Process], *, within: float = 60.0) -> None:
        """Start them together, and wait until each answers; from then on keep them running."""
        fresh = list(services)
        for service in fresh:
            self._services.append(service)
            self._spawn(service)
        for service in fresh:
            if not self.wait(service.answers, within, only_while=service):
                raise Refused(f"{service.name} did not get ready; its last lines above say why.")
            self._kept[service] = Restarts()

    def run_once(self, process: Process) -> int:
        """Run it to its end, and return its exit status."""
        self._processes.append(process)
        self._spawn(process)
        self.wait(lambda: not process.running, None)
        self._processes.remove(process)
        status = process.clear()
        self._listen_out()
        return status

    def keep(self, process: Process) -> None:
        """Start it, and start it again whenever it dies."""
        self._processes.append(process)
        self._kept[process] = Restarts()
        self._spawn(process)

    def wait(self, condition: Callable[[], bool], within: float | None, *, only_while: Process | None = None) -> bool:
        """Look after everything until the condition holds, or until the time is over, or until that process died."""
        limit = None if within is None else time.monotonic() + within
        while not self._asked:
            if condition():
                return True
            if (limit and time.monotonic() > limit) or (only_while and not only_while.running):
                return False
            self._turn(0.1)
            self._revive()
        raise Stop

    def say(self, line: str, name: str = "run") -> None:
        """Print a line under the name of whoever says it."""
        self._terminal.say(line, name)

    def _ask(self, *_: object) -> None:
        self._asked += 1

    def _spawn(self, process: Process) -> None:
        ours, theirs = os.pipe()
        try:
            process.start(output=theirs, inherit=[self._lock.descriptor])
        except Refused:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        rest = bytearray()

        def read() -> None:
            data = os.read(ours, 65536)
            rest.extend(data or (b"\n" if rest else b""))
            *lines, tail = bytes(rest).split(b"\n")
            rest[:] = tail
            for line in lines:
                self.say(line.decode(errors="replace").rstrip("\r"), process.name)
            if not data:
                self._selector.unregister(ours)
                os.close(ours)

        self._selector.register(ours, selectors.EVENT_READ, read)

    def _turn(self, timeout: float) -> None:
        """Pass on what the processes say, as soon as there is something, or give up after the timeout."""
        for key, _ in self._selector.select(timeout):
            key.data()

    def _listen_out(self) -> None:
        """Pass on what processes that ended had said; a limit, since others may never stop talking."""
        for _ in range(200):
            self._turn(0)

    def _revive(self) -> None:
        now = time.monotonic()
        for process, restarts in self._kept.items():
            if restarts.due is None and not process.running:
                status = process.clear()
                delay = restarts.died(now=now)
                self.say(f"{process.name} ended ({how(status)}); starting it again in {delay:g} s")
            elif restarts.due is not None and now >= restarts.due:
                restarts.started(now=now)
                self._spawn(process)

    def _end(self, processes: list[Process]) -> None:
        """End them, each its own way; kill what outlives its time, or all when asked once more meanwhile."""
        patience = self._asked
        began = time.monotonic()
        left = [process for process in processes if process.running]
        if left:
            names, most = " and ".join(process.name for process in left), max(process.stop_within for process in left)
            self.say(f"ending {names}, which may take up to {most:g} s (Ctrl-C again kills without waiting)")
        for process in left:
            process.tell(process.stop_signal)
        while left := [process for process in left if process.running]:
            for process in left:
                if self._asked > patience or time.monotonic() - began > process.stop_within:
                    self.say(f"{process.name} did not end in {time.monotonic() - began:.0f} s: killed")
                    process.kill()
            self._turn(0.05)
        for process in processes:
            process.clear()
        self._listen_out()
