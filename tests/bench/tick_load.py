"""The students: thousands of players in one process, over epoll, that send ticks and take acks.

`python -m tests.bench.tick_load`, commands on standard input (tests.bench.child). A player sends its next tick when
the last one was acked (`closed`), or when it is due whatever was acked (`open`); each tick plays the next five seconds.
Players stand at places all over the lesson, so that about one tick in twelve announces something, as in a real class.
"""

from __future__ import annotations

import heapq
import json
import os
import select
import socket
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tests.bench import wire
from tests.bench.commands import serve
from tests.bench.load import share

STEP_SECONDS = 5.0
LESSON_SECONDS = 600.0
PLACES = 120
WAVE = 200
BUFFER_BYTES = 1 << 16


@dataclass(eq=False, slots=True)
class Player:
    """One student's connection; `sent` are the moments of ticks that were not acked yet."""

    number: int
    socket: socket.socket
    ready: bool = False
    tail: bytes = b""
    ticks: int = 0
    position: float = 0.0
    sent: deque[int] = field(default_factory=deque)


class Class:
    """All players, and what has been seen of them since the last run began."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.epoll.register(0, select.EPOLLIN)  # commands
        self.players: dict[int, Player] = {}
        self.commanded = False
        self.lost = 0
        self.why = ""
        self.again = False
        self.buffer = bytearray(BUFFER_BYTES)
        self._begin()

    def connect(
        self,
        *,
        port: int,
        path: str,
        cookies: list[str],
        wave: int,
        limit: float,
        http: bool,
        ready: str,
        ack: str,
        addresses: int = 1,
    ) -> dict[str, Any]:
        """Open a connection for each cookie, `wave` at a time, from so many addresses in turn."""
        self.drop()
        self.addresses = addresses
        self.port, self.path, self.cookies, self.http = port, path, cookies, http
        self.ready, self.ack = ready.encode(), ack.encode()
        waiting = deque(range(len(cookies)))
        began = time.monotonic()
        while (waiting or not all(player.ready for player in self.players.values())) and not self.lost:
            if time.monotonic() - began > limit:
                break
            opening = sum(not player.ready for player in self.players.values()) if len(waiting) else 0
            for _ in range(min(len(waiting), wave - opening)):
                self._open(waiting.popleft())
            self.turn(0.05)
        return {**self._result(), "seconds": time.monotonic() - began}

    def closed(self, *, seconds: float) -> dict[str, Any]:
        """Let every player send as fast as it is answered; say how many ticks were acked in that time."""
        self._begin()
        self.again = True
        for player in self.players.values():
            self._tick(player)
        self._turn_until(self.began + int(seconds * 1e9))
        self.again = False
        acks = self.acks
        took = (time.monotonic_ns() - self.began) / 1e9
        self._finish(within=10)
        return {**self._result(), "rate": acks / took}

    def open(self, *, rate: float, seconds: float) -> dict[str, Any]:
        """Send so many ticks a second in all, each player in its turn; say how long acks took."""
        self._begin()
        players = list(self.players.values())
        pause = 1e9 / rate
        due = [(self.began + int(index * pause), index) for index in range(len(players))]
        heapq.heapify(due)
        end = self.began + int(seconds * 1e9)
        each = int(len(players) * pause)
        while due[0][0] < end and not self.lost:
            now = time.monotonic_ns()
            while due[0][0] <= now:
                at, index = due[0]
                self._tick(players[index], at)
                heapq.heapreplace(due, (at + each, index))
            self.turn(max(0.0, (due[0][0] - time.monotonic_ns()) / 1e9))
        self._finish(within=20)
        return self._result()

    def drop(self) -> dict[str, Any]:
        """Close everything."""
        for player in list(self.players.values()):
            self._forget(player)
        self.lost, self.why = 0, ""
        return {}

    def turn(self, timeout: float) -> None:
        """Take what came."""
        for descriptor, event in self.epoll.poll(timeout):
            player = self.players.get(descriptor)
            if player is None:
                self.commanded = True
            elif event & select.EPOLLOUT:
                self._opened(player)
            else:
                self._receive(player)

    def take_places(self) -> dict[str, Any]:
        """Let each say all that was watched before, in waves; then the class is at work."""
        players = list(self.players.values())
        for first in range(0, len(players), WAVE):
            for player in players[first : first + WAVE]:
                self._tick(player, plays=STEP_SECONDS * (1 + player.number * 7 % PLACES))
            self._finish(within=60)
        return self._result()

    def _begin(self) -> None:
        self.latencies: list[int] = []
        self.acks = 0
        self.began = time.monotonic_ns()
        self.processor = time.process_time()

    def _turn_until(self, end: int) -> None:
        while time.monotonic_ns() < end and not self.lost:
            self.turn(0.02)

    def _finish(self, *, within: float) -> None:
        deadline = time.monotonic() + within
        while any(player.sent for player in self.players.values()) and not self.lost and time.monotonic() < deadline:
            self.turn(0.05)

    def _open(self, number: int) -> None:
        opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        opened.setblocking(False)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.bind((f"127.0.0.{1 + number % self.addresses}", 0))
        self.players[opened.fileno()] = Player(number, opened)
        opened.connect_ex(("127.0.0.1", self.port))
        self.epoll.register(opened.fileno(), select.EPOLLOUT)

    def _opened(self, player: Player) -> None:
        if failed := player.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._lose(player, os.strerror(failed))
            return
        self.epoll.modify(player.socket.fileno(), select.EPOLLIN)
        if self.http:
            player.ready = True
        else:
            headers = {"Origin": f"http://127.0.0.1:{self.port}", "Cookie": self.cookies[player.number]}
            player.socket.send(wire.handshake("127.0.0.1", self.port, self.path, headers))

    def _receive(self, player: Player) -> None:
        try:
            size = player.socket.recv_into(self.buffer)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(player, str(error))
            return
        if not size:
            self._lose(player, f"closed by the server: {player.tail[-200:]!r}")
            return
        text = player.tail + bytes(self.buffer[:size])
        if not player.ready:
            player.ready = self.ready in text
            player.tail = b"" if player.ready else text
            return
        now = time.monotonic_ns()
        found = text.count(self.ack)
        # An ack may be cut in two by the network: what follows the last whole one is looked at again.
        player.tail = text[text.rfind(self.ack) + len(self.ack) :][-200:] if found else text[-200:]
        for _ in range(min(found, len(player.sent))):
            self.latencies.append(now - player.sent.popleft())
            self.acks += 1
            if self.again:
                self._tick(player)

    def _tick(self, player: Player, at: int | None = None, *, plays: float = STEP_SECONDS) -> None:
        start = player.position
        player.ticks += 1
        player.position = (start + plays) % LESSON_SECONDS
        tick = {
            "type": "progress",
            "id": player.ticks,
            "player": "bench",
            "watch_percentage": min(100.0, (start + plays) / LESSON_SECONDS * 100),
            "timestamp": start + plays,
            "segments": [[start, start + plays]],
            "state": "playing",
        }
        body = json.dumps(tick).encode()
        player.sent.append(at or time.monotonic_ns())
        player.socket.send(self._post(player, body) if self.http else wire.text(body))

    def _post(self, player: Player, body: bytes) -> bytes:
        return (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nCookie: {self.cookies[player.number]}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body

    def _lose(self, player: Player, why: str) -> None:
        self.lost += 1
        self.why = self.why or why
        self._forget(player)

    def _forget(self, player: Player) -> None:
        del self.players[player.socket.fileno()]
        self.epoll.unregister(player.socket.fileno())
        player.socket.close()

    def _result(self) -> dict[str, Any]:
        latencies = sorted(self.latencies)
        wall = (time.monotonic_ns() - self.began) / 1e9
        return {
            "players": sum(player.ready for player in self.players.values()),
            "lost": self.lost,
            "why": self.why,
            "acks": self.acks,
            "unanswered": sum(len(player.sent) for player in self.players.values()),
            "p50": share(latencies, 0.50),
            "p99": share(latencies, 0.99),
            "busy": (time.process_time() - self.processor) / wall,
        }


if __name__ == "__main__":
    serve(Class())
