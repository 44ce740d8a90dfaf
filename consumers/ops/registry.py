"""The registry: every process's newest report in Redis, each with a lifetime, by Redis's own clock.

A process that is killed says nothing any more, and is forgotten after LIFETIME_SECONDS; one that ends takes its report
with it. Keys: `<prefix>:processes` (hash, id to report), `<prefix>:processes:until` (sorted set, id by when its report
is over).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from consumers.ops.report import Report
from feed.layer import loop_layer

if TYPE_CHECKING:
    from redis.asyncio import Redis

LIFETIME_SECONDS = 8
"""Four reports may be lost, or late, before a process is taken for dead; ghosts are gone within ten seconds."""

# ARGV: prefix, id, report, lifetime in seconds ('0': the process goes).
_WRITE = """
local reports, by_end = ARGV[1] .. ':processes', ARGV[1] .. ':processes:until'
local now = tonumber(redis.call('TIME')[1])
if ARGV[4] ~= '0' then redis.call('HSET', reports, ARGV[2], ARGV[3]) end
redis.call('ZADD', by_end, now + tonumber(ARGV[4]), ARGV[2])
for _, over in ipairs(redis.call('ZRANGEBYSCORE', by_end, '-inf', now)) do redis.call('HDEL', reports, over) end
redis.call('ZREMRANGEBYSCORE', by_end, '-inf', now)
redis.call('EXPIRE', reports, 60)
redis.call('EXPIRE', by_end, 60)
"""

# ARGV: prefix. Answers the reports that are not over.
_READ = """
local now = tonumber(redis.call('TIME')[1])
local alive = redis.call('ZRANGEBYSCORE', ARGV[1] .. ':processes:until', now + 1, '+inf')
if #alive == 0 then return {} end
return redis.call('HMGET', ARGV[1] .. ':processes', unpack(alive))
"""

# ARGV: prefix, names of groups. Answers epoch, offset and length of each, '' and 0 where there is no history.
_HISTORIES = """
local answer = {}
for index = 2, #ARGV do
  local meta = redis.call('HMGET', ARGV[1] .. ':meta:' .. ARGV[index], 'epoch', 'offset')
  answer[#answer + 1] = meta[1] or ''
  answer[#answer + 1] = meta[2] or '0'
  answer[#answer + 1] = redis.call('XLEN', ARGV[1] .. ':history:' .. ARGV[index])
end
return answer
"""

GROUPS_AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """A group's history as Redis has it: its epoch ("" where there is none), its offset, how many items are kept."""

    epoch: str
    offset: int
    items: int


class Registry:
    """The registry in one Redis. Every method raises redis.RedisError where Redis is away."""

    def __init__(self, client: Redis, prefix: str) -> None:
        self._prefix = prefix
        self._write = client.register_script(_WRITE)
        self._read = client.register_script(_READ)
        self._histories = client.register_script(_HISTORIES)

    async def write(self, report: Report, *, lifetime: int = LIFETIME_SECONDS) -> None:
        """Put a process's report in the place of its last one, for so many seconds."""
        await self._write(args=[self._prefix, report.id, msgspec.json.encode(report), lifetime])

    async def forget(self, id: str) -> None:
        """Take a process's report out: it ends."""
        await self._write(args=[self._prefix, id, b"", 0])

    async def read(self) -> list[Report]:
        """Every process that reported lately, by kind, host and number."""
        found = await self._read(args=[self._prefix])
        reports = [msgspec.json.decode(text, type=Report) for text in found if text]
        return sorted(reports, key=lambda each: (each.kind, each.host, each.pid))

    async def histories(self, groups: Iterable[str]) -> dict[str, Kept]:
        """What Redis keeps of each of these groups."""
        names, found = list(groups), dict[str, Kept]()
        for start in range(0, len(names), GROUPS_AT_A_TIME):
            some = names[start : start + GROUPS_AT_A_TIME]
            answer = await self._histories(args=[self._prefix, *some])
            for index, group in enumerate(some):
                epoch, offset, items = answer[3 * index : 3 * index + 3]
                found[group] = Kept(epoch.decode(), int(offset), int(items))
        return found


def registry() -> Registry:
    """The registry, over the running loop's connections."""
    layer = loop_layer()
    return Registry(layer.client, layer.prefix)
