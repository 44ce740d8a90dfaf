"""What a scenario takes place in: servers, cables to them, and a site that is started anew for each scenario."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psycopg
import redis

from tests.cable import Cable, address_through
from tests.chaos.servers import Servers
from tests.live import Site, until


@dataclass
class World:
    """A site on these servers, and its cables."""

    servers: Servers
    site: Site
    to_postgres: Cable
    to_redis: Cable
    prefix: str

    def asking(self) -> redis.Redis:
        """Its Redis, directly."""
        return redis.Redis.from_url(self.servers.valkey.url, decode_responses=True)

    def reports(self) -> list[dict[str, Any]]:
        """What its processes have said last of themselves; of those that live."""
        pids = {process.pid for process in self.site.processes.values()}
        with self.asking() as client:
            told = client.hvals(f"{self.prefix}:processes")
        return [report for report in map(json.loads, told) if report["pid"] in pids]

    def listening(self) -> int:
        """How many subscriptions Redis has of this site."""
        with self.asking() as client:
            names = client.pubsub_channels(f"{self.prefix}*")
            return sum(count for _, count in client.pubsub_numsub(*names)) if names else 0

    def connections(self) -> int:
        """Connections that the database has."""
        with psycopg.connect(self.servers.postgres.url) as asking:
            found = asking.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            ).fetchone()
        return int(found[0]) if found else 0

    async def restart(self, name: str) -> None:
        """Start a process again, and wait until it is ready: a web process says so, a worker when it reports."""
        self.site.start(name)
        if name.startswith("web"):
            await asyncio.to_thread(self.site.wait_ready, int(name[3:]))
        else:
            await until(lambda: self.report_of(name), what=f"a report of {name}")

    def report_of(self, name: str) -> dict[str, Any] | None:
        """The last report of a process; None before its first one, or where Redis is away."""
        pid = self.site.processes[name].pid
        with contextlib.suppress(redis.RedisError):
            return next((report for report in self.reports() if report["pid"] == pid), None)
        return None


@contextlib.asynccontextmanager
async def world(servers: Servers, name: str, *, by_cable: bool, settings: Mapping[str, str]) -> AsyncIterator[World]:
    """A site of this name, with a prefix of its own in Redis; ended with all that it started."""
    folder = servers.folder / name
    folder.mkdir()
    site = Site(folder)
    database, broker = urlsplit(servers.postgres.url), urlsplit(servers.valkey.url)
    async with (
        Cable(database.hostname or "", database.port or 0) as to_postgres,
        Cable(broker.hostname or "", broker.port or 0) as to_redis,
    ):
        prefix = f"chaos-{name}"
        site.environment |= {**servers.environment, "REDIS_PREFIX": prefix, **settings}
        site.environment |= {"DATABASE_URL": servers.postgres.url, "REDIS_URL": servers.valkey.url}
        if by_cable:
            site.environment["DATABASE_URL"] = address_through(to_postgres, servers.postgres.url)
            site.environment["REDIS_URL"] = address_through(to_redis, servers.valkey.url)
        try:
            await asyncio.to_thread(site.__enter__)
            yield World(servers, site, to_postgres, to_redis, prefix)
        finally:
            to_postgres.mend()
            to_redis.mend()
            await asyncio.to_thread(site.__exit__)


async def until_all_report(world: World) -> list[dict[str, Any]]:
    """Wait until every process of the site has said something of itself; return it."""

    def all_of_them() -> list[dict[str, Any]] | None:
        told = world.reports()
        return told if len(told) == len(world.site.processes) else None

    return list(await until(all_of_them, what="a report of every process"))
