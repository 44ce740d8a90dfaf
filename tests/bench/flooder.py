"""The flooder: one student who sends far more than anybody may, and an address that opens far too many sockets.

`python -m tests.bench.flooder`, commands on standard input (tests.bench.child). Whatever is closed is opened again at
once. It reads no frame but the close codes, and takes as little of the processor as it can: the server has the other.
"""

from __future__ import annotations

import errno
import json
import select
import socket
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.bench import wire
from tests.bench.commands import serve

STUDENT = "127.0.1.1"
CROWD = "127.0.1.2"
FRAMES_AT_ONCE = 50
LINGERS_SECONDS = 2.0


@dataclass(eq=False, slots=True)
class Knock:
    """One connection; `sends` where frames are sent on it."""

    socket: socket.socket
    opened_at: float
    sends: bool
    asked: bool = False
    accepted: bool = False


class Flooder:
    """All connections, and what came of them."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.epoll.register(0, select.EPOLLIN)
        self.knocks: dict[int, Knock] = {}
        self.commanded = False
        self.codes: Counter[str] = Counter()
        self.frames = self.connects = 0

    def flood(
        self, *, port: int, path: str, student: str, crowd: str, frames: int, connects: float, seconds: float
    ) -> dict[str, Any]:
        """Send so many frames with the student's cookie, and open so many sockets a second with the crowd's, all
        the time."""
        self.port = port
        self.requests = {
            sends: wire.handshake(
                "127.0.0.1", port, path, {"Origin": f"http://127.0.0.1:{port}", "Cookie": student if sends else crowd}
            )
            for sends in (True, False)
        }
        self.codes.clear()
        self.frames = self.connects = 0
        began, processor = time.monotonic(), time.process_time()
        sender: Knock | None = None
        while (passed := time.monotonic() - began) < seconds:
            while self.connects < connects * passed:
                self.connects += 1
                self._open(CROWD, sends=False)
            if sender is None or sender.socket.fileno() < 0:
                sender = self._open(STUDENT, sends=True)
            if sender.accepted and self.frames < min(frames, frames * passed / seconds):
                self._send(sender)
            self.turn(0.002)
            self._leave_old()
        self.drop()
        used = (time.process_time() - processor) / seconds
        return {"frames": self.frames, "connects": self.connects, "codes": dict(self.codes), "busy": used}

    def drop(self) -> dict[str, Any]:
        """Close everything."""
        for knock in list(self.knocks.values()):
            self._forget(knock)
        return {}

    def turn(self, timeout: float) -> None:
        """Take what came."""
        for descriptor, event in self.epoll.poll(timeout):
            knock = self.knocks.get(descriptor)
            if knock is None:
                self.commanded = True
            elif event & select.EPOLLOUT and not knock.asked:
                self._ask(knock)
            else:
                self._receive(knock)

    def _open(self, address: str, *, sends: bool) -> Knock:
        opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        opened.setblocking(False)
        opened.bind((address, 0))
        knock = self.knocks[opened.fileno()] = Knock(opened, time.monotonic(), sends)
        if opened.connect_ex(("127.0.0.1", self.port)) not in (0, errno.EINPROGRESS):
            self.codes["not connected"] += 1
        self.epoll.register(opened.fileno(), select.EPOLLOUT)
        return knock

    def _ask(self, knock: Knock) -> None:
        knock.asked = True
        self.epoll.modify(knock.socket.fileno(), select.EPOLLIN)
        try:
            knock.socket.send(self.requests[knock.sends])
        except OSError as error:
            self._end(knock, errno.errorcode.get(error.errno or 0, "error"))

    def _receive(self, knock: Knock) -> None:
        try:
            text = knock.socket.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(knock, errno.errorcode.get(error.errno or 0, "error"))
            return
        knock.accepted = knock.accepted or wire.is_accepted(text)
        # A close frame of the server's is 0x88, its length, two bytes of code.
        at = text.find(b"\x88\x02")
        if at >= 0 and len(text) >= at + 4:
            self._end(knock, str(int.from_bytes(text[at + 2 : at + 4])))
        elif not text:
            self._end(knock, "closed")

    def _send(self, knock: Knock) -> None:
        parts = []
        for number in range(self.frames, self.frames + FRAMES_AT_ONCE):
            tick = {
                "type": "progress",
                "id": number,
                "player": "flood",
                "watch_percentage": 1,
                "timestamp": 1,
                "segments": [],
            }
            parts.append(wire.text(json.dumps(tick).encode()))
        try:
            knock.socket.send(b"".join(parts))
            self.frames += FRAMES_AT_ONCE
        except BlockingIOError:
            return
        except OSError as error:
            self._end(knock, errno.errorcode.get(error.errno or 0, "error"))

    def _leave_old(self) -> None:
        # The oldest come first: dictionaries keep their order.
        for knock in list(self.knocks.values()):
            if time.monotonic() - knock.opened_at < LINGERS_SECONDS:
                return
            if not knock.sends:
                self._end(knock, "left open")

    def _end(self, knock: Knock, how: str) -> None:
        self.codes[how] += 1
        self._forget(knock)

    def _forget(self, knock: Knock) -> None:
        del self.knocks[knock.socket.fileno()]
        self.epoll.unregister(knock.socket.fileno())
        knock.socket.close()


if __name__ == "__main__":
    serve(Flooder())
