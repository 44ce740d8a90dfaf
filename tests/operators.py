"""Facts of a site where all is well, for tests that change one of them."""

from __future__ import annotations

from typing import Any

import msgspec

from consumers.ops.database_facts import DatabaseFacts, Table
from consumers.ops.facts import Facts
from consumers.ops.groups import Group
from consumers.ops.process_facts import ProcessFacts
from consumers.ops.queue_facts import QueueFacts
from consumers.ops.redis_facts import RedisFacts
from consumers.ops.report import Heard, Report

MIB = 1024 * 1024


def a_report(pid: int = 1, **changed: Any) -> Report:
    """What a process reports that has nothing to do."""
    empty: dict[str, Any] = {name: {} for name in ("totals", "recoveries", "resets", "closes", "means", "lately")}
    usual = {
        **dict.fromkeys(Report.__struct_fields__, 0),
        **empty,
        "id": f"here:{pid}",
        "pid": pid,
        "kind": "web",
        "host": "here",
        "version": "1",
        "draining": False,
        "sockets": {"feed": 0, "progress": 0},
        "groups": {"feed.all": Heard(2, "e", 7)},
    }
    return msgspec.convert({**usual, **changed}, Report)


REDIS = RedisFacts(
    version="9.1",
    uptime=1000,
    role="master",
    memory=10 * MIB,
    most_memory=100 * MIB,
    policy="noeviction",
    clients=10,
    most_clients=1000,
    pubsub_clients=3,
    evicted=0,
    saves=False,
    save_failing=False,
    pubsub_buffer=0,
    slow=[],
    not_permitted=[],
)
DATABASE = DatabaseFacts(
    version="18.1",
    size=50 * MIB,
    connections=20,
    most_connections=97,
    longest_transaction=0.1,
    longest_idle=0,
    waiting_for_locks=0,
    longest_lock_wait=0,
    outbox_rows=0,
    outbox_age=0,
    tables=[Table("progress_userprogress", MIB, 1000, 10)],
)
QUEUE = QueueFacts(jobs={"todo": 1}, oldest=1, workers=1, orphans=0)
PROCESSES = ProcessFacts(
    reporting=[a_report(1), a_report(2), a_report(3, kind="worker", groups={})],
    silent=[],
    groups=[Group("feed.all", 4, 2, "e", 7, 7, 0, 0)],
)


def facts(**changed: Any) -> Facts:
    """A look that finds all well, but for what is changed."""
    usual = {"at": 1_800_000_000.0, "redis": REDIS, "processes": PROCESSES, "database": DATABASE, "queue": QUEUE}
    return Facts(**{**usual, **changed})


def redis(**changed: Any) -> Facts:
    """All well but Redis."""
    return facts(redis=msgspec.structs.replace(REDIS, **changed))


def database(**changed: Any) -> Facts:
    """All well but PostgreSQL."""
    return facts(database=msgspec.structs.replace(DATABASE, **changed))


def queue(**changed: Any) -> Facts:
    """All well but the jobs."""
    return facts(queue=msgspec.structs.replace(QUEUE, **changed))


def web(**changed: Any) -> Facts:
    """All well but one of two web processes."""
    reporting = [a_report(1, **changed), *PROCESSES.reporting[1:]]
    return facts(processes=msgspec.structs.replace(PROCESSES, reporting=reporting))
