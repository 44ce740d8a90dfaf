"""Faults that can be injected into a running site, each as a context: it is there inside, and mended afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import redis
from asgiref.sync import sync_to_async
from django.db import connection
from django.utils import timezone
from psycopg import AsyncConnection
from websockets.asyncio.client import connect

from consumers.ops import facts, symptoms
from consumers.ops.registry import registry
from consumers.ops.rules import processes
from feed.history import Histories, Post
from progress.models import Outbox
from project.embedded import Valkey
from tests.cable import Cable
from tests.cast import Cast
from tests.faults import stopped
from tests.live import Client, Live, address_of_test_database, until

OVER_WITHIN = 15.0
MIB = 1024 * 1024


class OwnLoop:
    """An event loop in a thread of its own, for a relay that must go on while a test waits for the database."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self) -> OwnLoop:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def run(self, doing: Coroutine[Any, Any, None]) -> None:
        """Do this there, and wait until it is done."""
        asyncio.run_coroutine_threadsafe(doing, self.loop).result(10)


@dataclass
class Place:
    """The site, what it stands on, and an operator's socket on its first process."""

    live: Live
    valkey: Valkey
    cable: Cable
    aside: OwnLoop
    page: Client

    @property
    def said(self) -> list[str]:
        """The symptoms that the page shows now."""
        return [each["key"] for each in self.page.of("ops")[-1]["symptoms"]]

    async def until_well(self, within: float = OVER_WITHIN) -> None:
        """Wait for a frame without a symptom."""
        await until(lambda: self.page.of("ops") and not self.said, within=within, what="all to be well")

    async def doctor(self) -> set[str]:
        """The symptoms that the doctor sees now."""
        return {each.id for each in symptoms.found(await facts.gather())}

    def asking(self) -> redis.Redis:
        """Its Redis, as whoever runs it."""
        return redis.Redis.from_url(self.valkey.url)


Fault = Callable[[Place, Cast], AbstractAsyncContextManager[None]]


@sync_to_async
def run(statement: str) -> None:
    """Have the database do something."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


@contextlib.asynccontextmanager
async def redis_killed(place: Place, cast: Cast) -> AsyncIterator[None]:
    await asyncio.to_thread(place.valkey.kill)
    try:
        yield
    finally:
        place.valkey.start()
        await asyncio.to_thread(place.valkey.wait_ready)


@contextlib.asynccontextmanager
async def redis_hangs(place: Place, cast: Cast) -> AsyncIterator[None]:
    with stopped(place.valkey.pid):
        yield


@contextlib.asynccontextmanager
async def redis_takes_our_rights(place: Place, cast: Cast) -> AsyncIterator[None]:
    with place.asking() as admin:
        admin.execute_command("ACL", "SETUSER", "root", "on", f">{place.valkey.password}", "~*", "&*", "+@all")
    address = place.valkey.url.replace("redis://:", "redis://root:")
    with redis.Redis.from_url(address) as root:
        root.execute_command("ACL", "SETUSER", "default", "-info", "-evalsha")
        try:
            yield
        finally:
            root.execute_command("ACL", "SETUSER", "default", "+@all")


def redis_is_set(**options: str | int) -> Fault:
    @contextlib.asynccontextmanager
    async def is_set(place: Place, cast: Cast) -> AsyncIterator[None]:
        with place.asking() as client:
            before = {name.replace("_", "-"): client.config_get(name.replace("_", "-")) for name in options}
            for name, value in options.items():
                client.config_set(name.replace("_", "-"), value)
            try:
                yield
            finally:
                for name, value in before.items():
                    client.config_set(name, value[name])

    return is_set


@contextlib.asynccontextmanager
async def redis_cannot_save(place: Place, cast: Cast) -> AsyncIterator[None]:
    with place.asking() as client:
        blocked = place.valkey.data / "dump.rdb"
        blocked.mkdir()
        client.config_set("stop-writes-on-bgsave-error", "no")
        client.bgsave()
        try:
            yield
        finally:
            blocked.rmdir()
            client.bgsave()


@contextlib.asynccontextmanager
async def redis_nearly_full(place: Place, cast: Cast) -> AsyncIterator[None]:
    with place.asking() as client:
        used = client.info("memory")["used_memory"]
    async with redis_is_set(maxmemory=int(used * 1.07))(place, cast):
        yield


@contextlib.asynccontextmanager
async def redis_evicts(place: Place, cast: Cast) -> AsyncIterator[None]:
    """Somebody else's keys need the room."""
    with place.asking() as client:
        used = client.info("memory")["used_memory"]
        async with redis_is_set(maxmemory=used + 2 * MIB, maxmemory_policy="volatile-ttl")(place, cast):
            for number in range(40):
                client.set(f"another's:{number}", b"x" * (MIB // 10), ex=1)
            yield
        client.config_resetstat()


@contextlib.asynccontextmanager
async def redis_is_a_replica(place: Place, cast: Cast) -> AsyncIterator[None]:
    with place.asking() as client:
        client.replicaof("127.0.0.1", 1)
        try:
            yield
        finally:
            client.replicaof("NO", "ONE")


@contextlib.asynccontextmanager
async def listener_does_not_read(place: Place, cast: Cast) -> AsyncIterator[None]:
    with place.asking() as client, socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # else the kernel reads all that in its place
        listening.connect(("127.0.0.1", place.valkey.port))
        listening.sendall(f"AUTH {place.valkey.password}\r\nSUBSCRIBE unread\r\n".encode())
        while not client.publish("unread", b"x"):
            await asyncio.sleep(0.01)
        told = client.pipeline(transaction=False)
        for _ in range(3000):  # small ones: Valkey 9 does not count what it keeps by reference
            told.publish("unread", b"x" * 5000)
        told.execute()
        yield


@contextlib.asynccontextmanager
async def redis_flushed(place: Place, cast: Cast) -> AsyncIterator[None]:
    with place.asking() as client:
        client.flushall()
    yield


@contextlib.asynccontextmanager
async def redis_drops_whoever_listens(place: Place, cast: Cast) -> AsyncIterator[None]:
    histories = Histories(redis.asyncio.Redis.from_url(place.valkey.url), prefix=os.environ["REDIS_PREFIX"])
    over = asyncio.Event()

    async def drop() -> None:
        with place.asking() as client:
            while not over.is_set():
                client.client_kill_filter(_type="pubsub")
                await histories.append([Post(b'{"people":[]}', ["people"], entry_id="")])
                await asyncio.sleep(0.05)

    dropping = asyncio.create_task(drop())
    try:
        yield
    finally:
        over.set()
        await dropping
        await histories._client.aclose()


@contextlib.asynccontextmanager
async def database_cut(place: Place, cast: Cast) -> AsyncIterator[None]:
    place.aside.loop.call_soon_threadsafe(place.cable.cut)
    try:
        yield
    finally:
        place.cable.mend()


@contextlib.asynccontextmanager
async def row_locked(place: Place, cast: Cast) -> AsyncIterator[None]:
    """Somebody holds ada's row and does nothing; her player has reported."""
    async with place.live.player(cast.ada, cast.bernoulli, web=1) as player:
        async with await AsyncConnection.connect(address_of_test_database()) as other:
            await other.execute("SELECT 1 FROM progress_userprogress FOR UPDATE")
            await player.tell({"type": "progress", "id": 1, "watch_percentage": 10, "timestamp": 10})
            yield
            await other.rollback()
        await player.until("ack")


@contextlib.asynccontextmanager
async def slow_commits(place: Place, cast: Cast) -> AsyncIterator[None]:
    await run(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_sleep(0.7); RETURN NULL; END $$;"
        " CREATE TRIGGER dawdle AFTER UPDATE ON progress_userprogress EXECUTE FUNCTION dawdle()"
    )
    try:
        async with place.live.player(cast.bob, cast.bernoulli, web=1) as player:
            for percentage in (10, 11, 12):
                await player.watch(to=percentage)
            yield
    finally:
        await run("DROP FUNCTION dawdle() CASCADE")


@contextlib.asynccontextmanager
async def worker_died_at_work(place: Place, cast: Cast) -> AsyncIterator[None]:
    """It had one job in hand, and another one has been due for two minutes."""
    async with killed("worker")(place, cast):
        await run(
            "WITH died AS (INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')"
            " RETURNING id) INSERT INTO procrastinate_jobs (queue_name, task_name, status, worker_id)"
            " SELECT 'none', 'none', 'doing'::procrastinate_job_status, id FROM died"
        )
        await run("INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('none', 'none')")
        await run("UPDATE procrastinate_events SET at = now() - interval '2 minutes'")
        try:
            yield
        finally:
            await run("DELETE FROM procrastinate_jobs WHERE queue_name = 'none'")


@contextlib.asynccontextmanager
async def web_takes_long_to_end(place: Place, cast: Cast) -> AsyncIterator[None]:
    """A request waits for a row that somebody holds; the process was asked to end."""
    site, ended = place.live.site, False
    async with await AsyncConnection.connect(address_of_test_database()) as other:
        async with place.live.player(cast.ada, cast.bernoulli) as player:
            await player.watch(to=5)
        await other.execute("SELECT 1 FROM progress_userprogress FOR UPDATE")
        student = await place.live.http(cast.ada, web=1)
        report = {"watch_percentage": 10, "timestamp": 10}
        asked = asyncio.create_task(student.post(f"/api/lessons/{cast.bernoulli.pk}/progress/", json=report))
        async with asyncio.timeout(10):
            while not (await facts.gather()).database.waiting_for_locks:
                await asyncio.sleep(0.05)
        site.processes["web1"].terminate()
        asked_at = time.monotonic()
        await until(lambda: time.monotonic() > asked_at + processes.DRAINING_SECONDS)  # sooner it does not take long
        try:
            yield
        finally:
            await other.rollback()
            ended = (await asked).status_code == 200
            await asyncio.to_thread(site.end, "web1")
            site.start("web1")
            await asyncio.to_thread(site.wait_ready, 1)
    assert ended, "the request was cut off"


def killed(name: str) -> Fault:
    @contextlib.asynccontextmanager
    async def killed_meanwhile(place: Place, cast: Cast) -> AsyncIterator[None]:
        await asyncio.to_thread(place.live.site.end, name, signal.SIGKILL)
        try:
            yield
        finally:
            place.live.site.start(name)
            if name != "worker":
                await asyncio.to_thread(place.live.site.wait_ready, int(name[3:]))

    return killed_meanwhile


@contextlib.asynccontextmanager
async def web_hangs(place: Place, cast: Cast) -> AsyncIterator[None]:
    with stopped(place.live.site.processes["web1"].pid):
        yield


@contextlib.asynccontextmanager
async def web_hung(place: Place, cast: Cast) -> AsyncIterator[None]:
    with stopped(place.live.site.processes["web1"].pid):
        began = time.monotonic()
        await until(lambda: time.monotonic() > began + 1)
    yield


@contextlib.asynccontextmanager
async def version_differs(place: Place, cast: Cast) -> AsyncIterator[None]:
    """A second worker, of another version, reports too."""
    own = place.live.site
    first = own.processes.pop("worker")
    own.environment["VERSION"] = "another"
    own.start("worker")
    del own.environment["VERSION"]
    second, own.processes["worker"] = own.processes["worker"], first
    try:
        async with asyncio.timeout(20):
            while all(each.pid != second.pid for each in await registry().read()):
                await asyncio.sleep(0.05)
        yield
    finally:
        second.terminate()
        await asyncio.to_thread(second.wait, 35)


@contextlib.asynccontextmanager
async def outbox_full(place: Place, cast: Cast) -> AsyncIterator[None]:
    """What waits is of a newer version's kind, which this worker leaves alone."""
    old = timezone.now() - timedelta(minutes=1)
    rows = [Outbox(kind="newer_kind", object_id=number, at=old) for number in range(2000)]
    await Outbox.objects.abulk_create(rows)
    try:
        yield
    finally:
        await Outbox.objects.filter(kind="newer_kind").adelete()


@contextlib.asynccontextmanager
async def job_failed(place: Place, cast: Cast) -> AsyncIterator[None]:
    await run("INSERT INTO procrastinate_jobs (queue_name, task_name, status) VALUES ('none', 'none', 'failed')")
    try:
        yield
    finally:
        await run("DELETE FROM procrastinate_jobs WHERE queue_name = 'none'")


@contextlib.asynccontextmanager
async def limit_met(place: Place, cast: Cast) -> AsyncIterator[None]:
    async with place.live.player(cast.ada, cast.bernoulli, web=1) as player:
        for _ in range(3):
            async with place.live.socket(
                "/ws/feed/", cast.ada, web=1, session=await place.live.session(cast.ada)
            ) as bad:
                for _ in range(20):
                    await bad.tell("{}")
                assert await bad.until_closed() == 4000
        assert player.closed_with is None
        yield


@contextlib.asynccontextmanager
async def reader_is_dead(place: Place, cast: Cast) -> AsyncIterator[None]:
    taken = await place.live.snapshot(cast.admin, web=1)
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", place.live.site.ports[1]))
    headers = {
        "Cookie": f"sessionid={await place.live.session(cast.admin)}",
        "Origin": f"http://{place.live.site.address(1)}",
    }
    histories = Histories(redis.asyncio.Redis.from_url(place.valkey.url), prefix=os.environ["REDIS_PREFIX"])
    opened = await connect(
        f"ws://{place.live.site.address(1)}/ws/feed/", sock=raw, additional_headers=headers, max_queue=1
    )
    try:
        said = {"type": "subscribe", "position": taken["position"], "filters": {}}
        await opened.send(json.dumps(said))
        assert b'"recovered":true' in await opened.recv(decode=False)
        entry = b'{"entry":{"id":"exam_attempt:1","text":"%s"}}' % (b"x" * 20_000)
        for _ in range(300):
            await histories.append([Post(entry, ["feed.all"], entry_id="")])
        yield
    finally:
        opened.transport.abort()
        await histories._client.aclose()
