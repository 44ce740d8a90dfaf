"""One process in the foreground, with all that it starts: it ends with whoever started it."""

import contextlib
import os
import selectors
import signal
import subprocess  # to start our own processes # nosec B404
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from project.running.kernel import end_with_parent, holders
from project.running.refused import Refused
from project.running.waiting import eventually

DRAIN = 35.0  # longer than web gives its sockets and its commits; a runner that kills earlier undoes that


class User(NamedTuple):
    """Who a process runs as, where that is not who started it."""

    uid: int
    gid: int


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
            # No shell, and arguments of ours alone.
            self._started = subprocess.Popen(  # nosec B603
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


def how(status: int) -> str:
    """Say in words how a process ended."""
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
