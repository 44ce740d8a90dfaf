"""The load client: thousands of sockets in one process, over epoll, alike for everybody that is measured.

`python -m tests.bench.load`, commands on standard input (tests.bench.child). It imports nothing of Django and parses no
frame: it counts the mark that each entry has, and reads stamps on every n-th socket only, so that it takes little of
the processor that it shares with the server.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import struct
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from tests.bench import wire
from tests.bench.commands import serve
from tests.bench.marks import LONGEST_STAMP, MARK, STAMP
from tests.bench.target import Target

TAIL = len(MARK) - 1
BUFFER_BYTES = 1 << 20
KEEPALIVE_SECONDS = 20.0
RETRY_SECONDS = 0.5
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(eq=False, slots=True)
class Connection:
    """One socket, from its first byte out; `waits_for` is what must come before it counts as joined."""

    number: int
    socket: socket.socket
    request: bytes
    waits_for: list[bytes]
    sampled: bool
    head: bytes = b""
    tail: bytes = bytes(TAIL)
    rest: bytes = b""
    count: int = 0

    @property
    def joined(self) -> bool:
        """Whether what comes now is entries."""
        return not self.waits_for


class Load:
    """All sockets, and what has been counted on them since it was last armed."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.epoll.register(0, select.EPOLLIN)
        self.target = Target(port=0, path="/")
        self.connections: dict[int, Connection] = {}
        self.buffer = bytearray(BUFFER_BYTES)
        self.room = memoryview(self.buffer)[TAIL:]
        self.kept_alive = time.monotonic()
        self.deaf: socket.socket | None = None
        self.commanded = False
        self.lost = self.joining = self.retried = 0
        self.why = ""
        self.retrying: deque[tuple[float, int]] | None = None
        """Sockets to be opened again, with the moment; None where one that is lost stays lost."""
        self.arm(goal=0)

    def aim(self, **target: Any) -> dict[str, Any]:
        """Open sockets here from now on."""
        self.target = Target(**target)
        return {}

    def arm(self, *, goal: int) -> dict[str, Any]:
        """Count from here; every socket is to get `goal` entries."""
        self.goal = goal
        self.reached_at = 0
        self.latencies: list[int] = []
        self.processor = time.process_time()
        self.began = time.monotonic_ns()
        for connection in self.connections.values():
            connection.count = 0
        self.behind = len(self.connections) if goal else 0
        return {}

    def connect(self, *, count: int, wave: int, every: int, goal: int, limit: float, retry: bool) -> dict[str, Any]:
        """Open sockets, `wave` at a time, and wait until all are joined and have got `goal` entries.

        With `retry` one that is lost is opened again after half a second, as a page does.
        """
        self.arm(goal=goal)
        self.behind = count if goal else 0
        self.retried = 0
        again: deque[tuple[float, int]] | None = deque() if retry else None
        self.retrying = again
        waiting = deque(range(count))
        deadline = time.monotonic() + limit
        while (waiting or again or self.joining or self.behind > 0) and not self.lost:
            if time.monotonic() > deadline:
                break
            while again and again[0][0] < time.monotonic():
                waiting.append(again.popleft()[1])
            while waiting and self.joining < wave:
                number = waiting.popleft()
                self._open(number, sampled=number % every == 0)
            self.turn(0.05)
        self.retrying = None
        return self._result()

    def wait(self, *, limit: float) -> dict[str, Any]:
        """Wait until every socket has what it is to get, at most `limit` seconds, and say what was seen."""
        deadline = time.monotonic() + limit
        while self.behind > 0 and not self.lost and time.monotonic() < deadline:
            self.turn(0.05)
        return self._result()

    def drop(self) -> dict[str, Any]:
        """End all connections as a broken network would: with a reset, and no word."""
        for connection in list(self.connections.values()):
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self._forget(connection)
        self.lost = self.joining = 0
        self.why = ""
        return {}

    def deafen(self) -> dict[str, Any]:
        """Open one more socket, with a small buffer, and read nothing on it once it is joined."""
        self.deaf = deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        deaf.settimeout(10)
        deaf.connect((self.target.host, self.target.port))
        deaf.sendall(self._request(0))
        heard = b""
        for wanted, said in ((wire.HEAD_END, wire.text(self.target.hello.encode())), (self.target.ready.encode(), b"")):
            while wanted not in heard:
                heard += deaf.recv(4096)
            deaf.sendall(said)
        return {}

    def undeafen(self) -> dict[str, Any]:
        """Read what the kernel has for it, and say whether the server had ended the connection; close it."""
        ended = False
        if self.deaf is not None:
            self.deaf.settimeout(1)
            try:
                while self.deaf.recv(BUFFER_BYTES):
                    pass
                ended = True
            except ConnectionError:
                ended = True
            except TimeoutError:
                pass
            self.deaf.close()
            self.deaf = None
        return {"ended": ended}

    def turn(self, timeout: float) -> None:
        """Take what came."""
        for descriptor, event in self.epoll.poll(timeout):
            connection = self.connections.get(descriptor)
            if connection is None:
                self.commanded = True
            elif event & select.EPOLLOUT:
                self._opened(connection)
            else:
                self._receive(connection)
        if self.target.keepalive and time.monotonic() - self.kept_alive > KEEPALIVE_SECONDS:
            self._keep_alive()

    def _request(self, number: int) -> bytes:
        target = self.target
        headers = dict(target.headers)
        if target.cookies:
            headers["Cookie"] = target.cookies[number % len(target.cookies)]
        return wire.handshake(target.host, target.port, target.path, headers)

    def _open(self, number: int, *, sampled: bool) -> None:
        target = self.target
        opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        opened.setblocking(False)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(
            number,
            opened,
            self._request(number),
            [wire.HEAD_END, *([target.ready.encode()] if target.ready else [])],
            sampled,
        )
        self.connections[opened.fileno()] = connection
        self.joining += 1
        status = opened.connect_ex((target.host, target.port))
        self.epoll.register(opened.fileno(), select.EPOLLOUT)
        if status not in (0, errno.EINPROGRESS):
            self._lose(connection, os.strerror(status))

    def _opened(self, connection: Connection) -> None:
        failed = connection.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failed:
            self._lose(connection, os.strerror(failed))
            return
        connection.socket.send(connection.request)
        self.epoll.modify(connection.socket.fileno(), select.EPOLLIN)

    def _receive(self, connection: Connection) -> None:
        buffer = self.buffer
        buffer[:TAIL] = connection.tail
        try:
            size = connection.socket.recv_into(self.room)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(connection, str(error))
            return
        if not size:
            self._lose(connection, "closed by the server")
        elif connection.waits_for:
            self._join(connection, bytes(buffer[TAIL : TAIL + size]))
        else:
            now = time.monotonic_ns()
            connection.tail = bytes(buffer[size : size + TAIL])
            if found := buffer.count(MARK, 0, size + TAIL):
                self._counted(connection, found, now)
            if connection.sampled:
                self._sample(connection, bytes(buffer[TAIL : TAIL + size]), now)

    def _counted(self, connection: Connection, found: int, now: int) -> None:
        before = connection.count
        connection.count += found
        if before < self.goal <= connection.count:
            self.behind -= 1
            self.reached_at = now

    def _sample(self, connection: Connection, received: bytes, now: int) -> None:
        text = connection.rest + received
        end = 0
        for found in STAMP.finditer(text):
            self.latencies.append(now - int(found[1]))
            end = found.end()
        connection.rest = text[max(end, len(text) - LONGEST_STAMP) :]

    def _join(self, connection: Connection, received: bytes) -> None:
        connection.head += received
        while connection.waits_for and (place := connection.head.find(connection.waits_for[0])) >= 0:
            if connection.waits_for[0] == wire.HEAD_END:
                if not wire.is_accepted(connection.head):
                    self._lose(connection, connection.head[:200].decode(errors="replace"))
                    return
                if self.target.hello:
                    connection.socket.send(wire.text(self.target.hello.encode()))
            connection.head = connection.head[place + len(connection.waits_for.pop(0)) :]
        if connection.joined:
            self.joining -= 1
            now = time.monotonic_ns()
            self.reached_at = max(self.reached_at, now)
            rest, connection.head = connection.head, b""
            connection.tail = (bytes(TAIL) + rest)[-TAIL:]
            if found := rest.count(MARK):
                self._counted(connection, found, now)

    def _keep_alive(self) -> None:
        self.kept_alive = time.monotonic()
        frame = wire.text(self.target.keepalive.encode())
        for connection in self.connections.values():
            if connection.joined:
                with contextlib.suppress(OSError):  # a broken one is seen when it is read
                    connection.socket.send(frame)

    def _lose(self, connection: Connection, why: str) -> None:
        self.why = self.why or why
        if not connection.joined:
            self.joining -= 1
        if self.retrying is None:
            self.lost += 1
        else:
            self.retried += 1
            self.retrying.append((time.monotonic() + RETRY_SECONDS, connection.number))
            if self.goal and connection.count >= self.goal:
                self.behind += 1
        self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        del self.connections[connection.socket.fileno()]
        self.epoll.unregister(connection.socket.fileno())
        connection.socket.close()

    def _result(self) -> dict[str, Any]:
        counts = [connection.count for connection in self.connections.values()]
        latencies = sorted(self.latencies)
        wall = (time.monotonic_ns() - self.began) / 1e9
        return {
            "reached": not self.lost and not self.joining and self.behind <= 0,
            "began": self.began,
            "at": self.reached_at,
            "goal": self.goal,
            "sockets": len(counts),
            "joining": self.joining,
            "lost": self.lost,
            "retried": self.retried,
            "why": self.why,
            "total": sum(counts),
            "least": min(counts, default=0),
            "samples": len(latencies),
            "p50": share(latencies, 0.50),
            "p99": share(latencies, 0.99),
            "busy": (time.process_time() - self.processor) / wall,
        }


def share(ordered: list[int], part: float) -> float | None:
    """The quantile in milliseconds; None of nothing."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] / 1e6 if ordered else None


if __name__ == "__main__":
    serve(Load())
