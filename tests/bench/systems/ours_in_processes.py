"""Ours with several web processes behind one address, on keys of its own in the same Redis."""

from __future__ import annotations

import json

import redis

from project.running.waiting import eventually
from tests.bench.child import Failed
from tests.bench.systems.ours import Ours
from tests.bench.systems.system import Surroundings

WITHIN_SECONDS = 30


class OursInProcesses(Ours):
    """So many web processes on one listening socket (WEB_CONCURRENCY)."""

    def __init__(self, name: str, count: int) -> None:
        self.name = name
        self.title = f"ours, {count} web process{'es' if count > 1 else ''}"
        self.count = count
        self._prefix = f"bench-{count}"

    def environment(self, around: Surroundings, port: int) -> dict[str, str]:
        """As ours, with this number of processes and these keys."""
        return {**super().environment(around, port), **self.publishing(around), "WEB_CONCURRENCY": str(self.count)}

    def publishing(self, around: Surroundings) -> dict[str, str]:
        """The same keys."""
        return {**around.environment, "REDIS_PREFIX": self._prefix}

    def wait_for_all(self, around: Surroundings) -> None:
        """Return once every process has reported; else the first to be there would have all sockets."""
        if not eventually(lambda: len(self._reports(around)) == self.count, WITHIN_SECONDS):
            raise Failed(f"{len(self._reports(around))} of {self.count} web processes are there")

    def most_on_one(self, around: Surroundings, sockets: int) -> float:
        """The share of so many feed sockets that the process with most of them has, once all are reported."""
        if not eventually(lambda: sum(self._feed_sockets(around)) == sockets, WITHIN_SECONDS):
            raise Failed(f"{self._feed_sockets(around)} sockets are reported, not {sockets}")
        return max(self._feed_sockets(around)) / sockets

    def _feed_sockets(self, around: Surroundings) -> list[int]:
        return [int(report["sockets"]["feed"]) for report in self._reports(around)]

    def _reports(self, around: Surroundings) -> list[dict[str, dict[str, int]]]:
        with redis.Redis.from_url(around.redis_url) as client:
            return [json.loads(each) for each in client.hvals(f"{self._prefix}:processes")]
