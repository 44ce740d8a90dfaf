"""What Redis says of itself: one INFO, and what else our user may ask. No command's arguments: entries have names."""

from __future__ import annotations

import asyncio
import weakref
from typing import Any, Final, cast

import msgspec
from redis.exceptions import NoPermissionError

from feed.layer import loop_layer

OPTIONAL: Final = ("CLIENT LIST", "SLOWLOG GET")
"""What is asked where the ACL allows it (docs/operations.md, "Password, ACL")."""

ASKED_AGAIN_SECONDS: Final = 600.0
"""How long a refusal is taken for an answer: each one stands in Redis's ACL LOG, beside those that matter."""

SLOW_SHOWN: Final = 5

_refused: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, float]] = weakref.WeakKeyDictionary()


class Slow(msgspec.Struct, frozen=True):
    """A command that took long: its name, when it began (seconds since 1970), and how long it took."""

    command: str
    at: float
    seconds: float


class RedisFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Redis as it is now; sizes are bytes, and a most of 0 means none is set.

    `pubsub_buffer` is the largest output buffer of a client that listens, `slow` the newest slow commands; both None
    where our user may not ask, and then their commands are among `not_permitted`.
    """

    version: str
    uptime: float
    role: str
    memory: int
    most_memory: int
    policy: str
    clients: int
    most_clients: int
    pubsub_clients: int | None
    evicted: int
    saves: bool
    save_failing: bool
    pubsub_buffer: int | None
    slow: list[Slow] | None
    not_permitted: list[str]


async def read() -> RedisFacts:
    """Ask Redis. Raises redis.RedisError where it is away or refuses."""
    info = await loop_layer().client.info()
    listening = await _if_permitted("CLIENT LIST", "TYPE", "pubsub")
    slow = await _if_permitted("SLOWLOG GET", str(SLOW_SHOWN))
    return RedisFacts(
        version=str(info.get("valkey_version") or info.get("redis_version", "")),
        uptime=float(info.get("uptime_in_seconds", 0)),
        role=str(info.get("role", "")),
        memory=int(info.get("used_memory", 0)),
        most_memory=int(info.get("maxmemory", 0)),
        policy=str(info.get("maxmemory_policy", "")),
        clients=int(info.get("connected_clients", 0)),
        most_clients=int(info.get("maxclients", 0)),
        pubsub_clients=info.get("pubsub_clients") if listening is None else len(listening),
        evicted=int(info.get("evicted_keys", 0)),
        saves=bool(info.get("aof_enabled")) or int(info.get("rdb_saves", 0)) > 0,
        save_failing="err" in (info.get("rdb_last_bgsave_status"), info.get("aof_last_write_status")),
        pubsub_buffer=None if listening is None else max((int(each["omem"]) for each in listening), default=0),
        slow=None if slow is None else [_slow(each) for each in slow],
        not_permitted=sorted(_refused.get(asyncio.get_running_loop(), {})),
    )


async def _if_permitted(command: str, *arguments: str) -> list[Any] | None:
    loop = asyncio.get_running_loop()
    refused = _refused.setdefault(loop, {})
    if refused.get(command, 0.0) > loop.time():
        return None
    try:
        answer = await cast(Any, loop_layer().client).execute_command(command, *arguments)
    except NoPermissionError:
        refused[command] = loop.time() + ASKED_AGAIN_SECONDS
        return None
    refused.pop(command, None)
    return list(answer)


def _slow(entry: dict[str, Any]) -> Slow:
    name = bytes(entry["command"]).split(b" ", 1)[0].decode("ascii", "replace")
    return Slow(name, float(entry["start_time"]), float(entry["duration"]) / 1_000_000)
