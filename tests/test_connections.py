"""Connections and their applications: let go when they end, looked at a few at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from project import connections
from project.connections import LOOK_SECONDS, LOOKED_AT_AT_A_TIME, PAUSE_SECONDS, TendingServer

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class Connection:
    """A connection, as Daphne's protocols are: it may take too long, and hears what became of its application."""

    def __init__(self) -> None:
        self.looks = 0
        self.failures: list[Exception] = []

    def check_timeouts(self) -> None:
        self.looks += 1

    def handle_exception(self, error: Exception) -> None:
        self.failures.append(error)


class Timers:
    """A reactor's, set off by hand."""

    def __init__(self) -> None:
        self.due: list[tuple[float, Callable[[], None]]] = []

    def callLater(self, seconds: float, call: Callable[..., None], *arguments: Any) -> None:
        self.due.append((seconds, lambda: call(*arguments)))

    def go_on(self) -> float:
        """Set off the only one there is; return how long it had waited."""
        [(seconds, call)] = self.due
        self.due = []
        call()
        return seconds


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> Timers:
    timers = Timers()
    monkeypatch.setattr(connections, "reactor", timers)
    return timers


def server_of(application: Application) -> TendingServer:
    async def run(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await application(scope, receive, send)

    server = TendingServer(run, endpoints=["tcp:0"])
    server.connections = {}
    return server


def begin(server: TendingServer) -> tuple[Connection, asyncio.Task[None]]:
    connection = Connection()
    server.protocol_connected(connection)
    server.create_application(connection, {"type": "websocket"})
    return connection, server.connections[connection]["application_instance"]


async def over(task: asyncio.Task[None]) -> None:
    await asyncio.wait([task])
    await asyncio.sleep(0)  # what was to be called when it is done has been


async def until_told(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await receive()


async def test_a_connection_is_forgotten_as_soon_as_it_and_its_application_have_ended() -> None:
    server = server_of(until_told)
    first, first_task = begin(server)
    server.protocol_disconnected(first)
    assert first in server.connections
    first_task.cancel()
    await over(first_task)
    assert first not in server.connections

    async def at_once(scope: dict[str, Any], receive: Any, send: Any) -> None:
        return

    server = server_of(at_once)
    second, second_task = begin(server)
    await over(second_task)
    assert second in server.connections
    server.protocol_disconnected(second)
    assert second not in server.connections
    server.protocol_disconnected(second)  # who was rejected is said to be gone twice


async def test_an_application_that_fails_is_logged_and_its_connection_hears_of_it_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(scope: dict[str, Any], receive: Any, send: Any) -> None:
        raise ValueError("no such lesson")

    server = server_of(fail)
    connection, task = begin(server)
    gone, gone_task = begin(server)
    server.protocol_disconnected(gone)
    with caplog.at_level(logging.ERROR):
        await over(task)
        await over(gone_task)
    assert [str(error) for error in connection.failures] == ["no such lesson"]
    assert gone.failures == []
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["no such lesson"] * 2
    assert list(server.connections) == [connection]


async def test_connections_are_looked_at_a_few_at_a_time(timers: Timers) -> None:
    server = server_of(until_told)
    all_of_them = [Connection() for _ in range(2 * LOOKED_AT_AT_A_TIME + 10)]
    for each in all_of_them:
        server.protocol_connected(each)
    server.application_checker()
    server.timeout_checker()
    assert sum(each.looks for each in all_of_them) == LOOKED_AT_AT_A_TIME
    server.protocol_disconnected(all_of_them[-1])
    timers.go_on()
    assert sum(each.looks for each in all_of_them) == 2 * LOOKED_AT_AT_A_TIME
    timers.go_on()
    assert timers.go_on() == PAUSE_SECONDS
    assert [each.looks for each in all_of_them] == [1] * (len(all_of_them) - 1) + [0]
    assert timers.go_on() == LOOK_SECONDS
    assert sum(each.looks for each in all_of_them) == len(all_of_them) - 1 + LOOKED_AT_AT_A_TIME


async def test_an_application_that_outlives_its_connection_is_cancelled(
    timers: Timers, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = server_of(until_told)
    open_one, open_task = begin(server)
    gone, gone_task = begin(server)
    server.protocol_disconnected(gone)
    server.application_checker()
    assert not gone_task.cancelling()
    monkeypatch.setattr(server, "application_close_timeout", -1)
    timers.go_on()  # there is nothing left to look at
    timers.go_on()
    await over(gone_task)
    assert gone_task.cancelled()
    assert not open_task.cancelling()
    assert list(server.connections) == [open_one]
    open_task.cancel()
    await over(open_task)


async def test_what_still_runs_as_the_server_ends_is_cancelled_and_what_has_ended_is_no_obstacle() -> None:
    async def end_if_asked(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()

    server = server_of(end_if_asked)
    ended = Connection()
    server.protocol_connected(ended)
    server.create_application(ended, {"type": "http"})
    await over(server.connections[ended]["application_instance"])
    assert ended in server.connections
    _, running = begin(server)
    await server.kill_all_applications().asFuture(asyncio.get_running_loop())
    assert running.cancelled()
