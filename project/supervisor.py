"""The supervisor: runs processes in the foreground, starts again what dies, and leaves nothing behind when it ends.

Three parts: a `Process` ends with whoever started it, a `RunLock` tells the next run whether one is still there, and
the `Supervisor` joins them. It knows neither Django nor the servers; `project/run.py` says what to run.
"""

import contextlib
import ctypes
import fcntl
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

DRAIN = 35.0  # web gives its sockets 30 s to leave; a runner that kills earlier undoes that
BACKOFF = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds before a dead process is started again
STEADY = 30.0  # after so many seconds alive, the next death counts as the first
COLOURS = (36, 33, 35, 32, 34, 31)
PR_SET_PDEATHSIG = 1

_prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


class Refused(Exception):
    """The run cannot go on, for a reason that a person can act on: one sentence."""


class Stop(Exception):
    """Somebody asked the run to end."""


class User(NamedTuple):
    """Who a process runs as, where that is not who started it."""

    uid: int
    gid: int


def end_with_parent(stop_signal: int, parent: int) -> None:
    """Ask the kernel to send this process `stop_signal` when `parent` dies, even by SIGKILL.

    Only after a change of user, which clears the wish; and it is the parent's thread that counts, not the process, so
    processes are started from a main thread.
    """
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, stop_signal)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


def eventually(condition: Callable[[], bool], within: float) -> bool:
    """Wait until the condition holds, at most `within` seconds; return whether it did."""
    limit = time.monotonic() + within
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(0.02)
    return True


def holders(descriptor: int) -> list[int]:
    """Return the ids of the other processes that hold the same open file or pipe, as far as we may see them."""
    wanted = os.fstat(descriptor)
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile, or is somebody else's
            for opened in (folder / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if os.path.samestat(opened.stat(), wanted):
                        found.append(int(folder.name))
                        break
    return [pid for pid in found if pid != os.getpid()]


class Process:
    """One process and all that it starts: in a session of its own, and never longer there than whoever started it."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        folder: Path,
        user: User | None = None,
        stop_signal: int = signal.SIGTERM,
        stop_within: float = DRAIN,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.env = dict(env)
        self.folder = folder
        self.user = user
        self.stop_signal = stop_signal
        self.stop_within = stop_within
        self._started: subprocess.Popen[bytes] | None = None
        self._kin = -1  # a pipe whose other end all its descendants inherit: end of file says that all are gone

    def start(self, *, output: int | None = None, inherit: Sequence[int] = ()) -> None:
        """Start it, with its output to a descriptor (or nowhere), and further descriptors left open for it."""
        if self._started is not None:
            self.clear()
        parent = os.getpid()
        self._kin, theirs = os.pipe()
        try:
            self._started = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if output is None else output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(theirs, *inherit),
                user=self.user.uid if self.user else None,
                group=self.user.gid if self.user else None,
                extra_groups=[] if self.user else None,
                # CPython runs it after setuid. With threads only locks could harm it, and it takes none.
                preexec_fn=lambda: end_with_parent(self.stop_signal, parent),  # noqa: PLW1509
            )
        except (OSError, subprocess.SubprocessError) as error:
            os.close(self._kin)
            raise Refused(f"{self.name} could not be started ({self.command[0]}): {error}.") from error
        finally:
            os.close(theirs)

    @property
    def pid(self) -> int:
        """The id of the process started last."""
        if self._started is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._started.pid

    @property
    def running(self) -> bool:
        """Whether the process itself runs. A dead one is not reaped here: its id must not name a stranger yet."""
        if self._started is None or self._started.returncode is not None:
            return False
        return os.waitid(os.P_PID, self._started.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def answers(self) -> bool:
        """Whether it is ready to be used; one that serves something knows better than this."""
        return self.running

    def tell(self, number: int) -> None:
        """Send it a signal, unless it ended."""
        if self.running:
            os.kill(self.pid, number)

    def stop(self) -> None:
        """End it its own way and within its own time; kill what is left then."""
        self.tell(self.stop_signal)
        eventually(lambda: not self.running, self.stop_within)
        self.kill()

    def kill(self) -> None:
        """End it as a crash would, without warning, with all that it started."""
        self.tell(signal.SIGKILL)
        eventually(lambda: not self.running, 10)
        self.clear()

    def clear(self) -> int:
        """Once it ended: kill what it left behind, and return its exit status (negative: the signal)."""
        if self._started is None:
            return 0
        if self._started.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._started.pid, signal.SIGKILL)
            self._started.wait()
        if self._kin >= 0:
            # PostgreSQL's backends have sessions of their own, and end by themselves when the postmaster is gone.
            if not eventually(self._all_gone, 3):
                for pid in holders(self._kin):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                eventually(self._all_gone, 3)
            os.close(self._kin)
            self._kin = -1
        return self._started.returncode

    def _all_gone(self) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(self._kin, selectors.EVENT_READ)
            return bool(selector.select(0)) and not os.read(self._kin, 1)


class RunLock:
    """Held by a run and, since they inherit it, by each of its processes; so the next run sees whether one is left."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor = -1

    def acquire(self, say: Callable[[str], None], *, within: float = 60.0) -> None:
        """Take the lock; wait for what is left of a run that ended; refuse beside a run that lives."""
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        if not self._taken():
            if owner := self._living_owner():
                raise Refused(f"Another run of this checkout is alive (process {owner}): end it with Ctrl-C first.")
            say(f"an earlier run is still ending ({self._who()}); waiting for it, up to {within:g} s")
            if not eventually(self._taken, within):
                raise Refused(f"An earlier run has not ended within {within:g} s ({self._who()}): end it by hand.")
        self._write(f"{os.getpid()} {_born(os.getpid())}")

    def leave(self) -> None:
        """Say that this run is ending: the next one then waits for it instead of refusing."""
        self._write("ending")

    def _taken(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _living_owner(self) -> int | None:
        words = os.pread(self.descriptor, 100, 0).decode().split()
        if len(words) != 2 or _born(int(words[0])) != words[1]:  # the time of birth: ids are used again
            return None
        return int(words[0])

    def _who(self) -> str:
        return "processes " + ", ".join(map(str, holders(self.descriptor))) if self.descriptor >= 0 else ""

    def _write(self, text: str) -> None:
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, text.encode(), 0)


def _born(pid: int) -> str | None:
    """Return when a process began (ticks since boot), or None where it is dead, reaped or not."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state in "ZX" else rest[18]


def parse_procfile(text: str) -> dict[str, str]:
    """Return the command of each process named in a Procfile, in its order."""
    found = re.findall(r"^([A-Za-z0-9_-]+):[ \t]*(\S.*)$", text, re.MULTILINE)
    if not found:
        raise Refused("The Procfile names no process: it needs lines like 'web: command'.")
    return dict(found)


@dataclass
class _Care:
    """What the supervisor remembers of a process that it keeps running."""

    since: float = field(default_factory=time.monotonic)
    deaths: int = 0
    due: float | None = None  # when to start it again


class Supervisor:
    """Keeps services and processes running until it is told to stop; a context, which ends them all when left.

    On SIGINT, SIGTERM or SIGHUP the waiting methods raise `Stop`. Processes end before services do.
    """

    def __init__(self, lock: RunLock, *, colour: bool = False) -> None:
        self._lock = lock
        self._colour = colour
        self._services: list[Process] = []
        self._processes: list[Process] = []
        self._kept: dict[Process, _Care] = {}
        self._names: list[str] = []
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
            self._kept[service] = _Care()

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
        self._kept[process] = _Care()
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
        if name not in self._names:
            self._names.append(name)
        prefix = f"{name:<8} | "
        if self._colour:
            prefix = f"\x1b[{COLOURS[self._names.index(name) % len(COLOURS)]}m{prefix}\x1b[0m"
        tell(prefix + line)

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
        for process, care in self._kept.items():
            if care.due is None and not process.running:
                status = process.clear()
                care.deaths = 1 if now - care.since > STEADY else care.deaths + 1
                delay = BACKOFF[min(care.deaths, len(BACKOFF)) - 1]
                care.due = now + delay
                self.say(f"{process.name} ended ({how(status)}); starting it again in {delay:g} s")
            elif care.due is not None and now >= care.due:
                care.since, care.due = now, None
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


def how(status: int) -> str:
    """Say in words how a process ended."""
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"


def tell(line: str) -> None:
    """Print a line; with nobody left to read it, go on without: the processes still have to be ended."""
    try:
        print(line, flush=True)
    except OSError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for the rest of our life
