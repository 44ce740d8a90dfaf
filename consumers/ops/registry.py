"""The registry: every process's newest report in Redis, each with a lifetime, by Redis's own clock.

A process that is killed says nothing any more, and counts no more after LIFETIME_SECONDS. One that ends says so, and
counts no more at once. Both are remembered for REMEMBERED_SECONDS: one as lost, the other as who may have taken a lost
one's place. Keys: `<prefix>:processes` (hash, id to report), `<prefix>:processes:until` (sorted set, id by when its
report is over, below 0 where the process has ended then).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import msgspec

from consumers.ops.report import Report
from feed.layer import loop_layer

if TYPE_CHECKING:
    from redis.asyncio import Redis

LIFETIME_SECONDS = 8
"""Four reports may be lost, or late, before a process is taken for dead; ghosts are gone within ten seconds."""

REMEMBERED_SECONDS = 600
"""How long operators are told of a process that was lost, where no other one took its place."""

_NOW = """
local reports, by_end = ARGV[1] .. ':processes', ARGV[1] .. ':processes:until'
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
"""

# ARGV: prefix, id, report, lifetime in seconds ('0': the process goes), how long it is remembered after that.
_WRITE = (
    _NOW
    + """
if ARGV[4] ~= '0' then
  redis.call('HSET', reports, ARGV[2], ARGV[3])
  redis.call('ZADD', by_end, string.format('%.3f', now + tonumber(ARGV[4])), ARGV[2])
else
  redis.call('ZADD', by_end, string.format('-%.3f', now), ARGV[2])
end
local gone = string.format('%.3f', now - tonumber(ARGV[5]))
for _, over in ipairs(redis.call('ZRANGEBYSCORE', by_end, '-' .. gone, gone)) do redis.call('HDEL', reports, over) end
redis.call('ZREMRANGEBYSCORE', by_end, '-' .. gone, gone)
redis.call('EXPIRE', reports, ARGV[5] + 60)
redis.call('EXPIRE', by_end, ARGV[5] + 60)
"""
)

# ARGV: prefix. Answers for each report: itself, and for how many seconds it counts still (below 0: it is over; nothing:
# the process has ended).
_READ = (
    _NOW
    + """
local ids = redis.call('ZRANGEBYSCORE', by_end, '-inf', '+inf', 'WITHSCORES')
local answer = {}
for index = 1, #ids, 2 do
  answer[#answer + 1] = redis.call('HGET', reports, ids[index])
  local over = tonumber(ids[index + 1])
  answer[#answer + 1] = over > 0 and string.format('%.3f', over - now) or ''
end
return answer
"""
)

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


@dataclass(frozen=True, slots=True)
class Told:
    """A report as the registry has it: how many seconds ago it was made, and whether it still counts.

    Of a process that has ended, it is the last one, and older than any that still comes.
    """

    report: Report
    age: float
    alive: bool
    ended: bool = False


class Registry:
    """The registry in one Redis. Every method raises redis.RedisError where Redis is away."""

    def __init__(self, client: Redis, prefix: str) -> None:
        self._prefix = prefix
        self._write = client.register_script(_WRITE)
        self._read = client.register_script(_READ)
        self._histories = client.register_script(_HISTORIES)

    async def write(self, report: Report, *, lifetime: int = LIFETIME_SECONDS) -> None:
        """Put a process's report in the place of its last one, for so many seconds."""
        await self._write(args=[self._prefix, report.id, msgspec.json.encode(report), lifetime, REMEMBERED_SECONDS])

    async def forget(self, id: str) -> None:
        """A process ends: its report counts no more."""
        await self._write(args=[self._prefix, id, b"", 0, REMEMBERED_SECONDS])

    async def read(self) -> list[Report]:
        """Every process that reported lately, by kind, host and number."""
        return [each.report for each in await self.look() if each.alive]

    async def look(self) -> list[Told]:
        """The same, with the age of each report, the processes that were lost, and those that have ended."""
        answer = await self._read(args=[self._prefix])
        found = [_told(text, left) for text, left in zip(answer[::2], answer[1::2], strict=True) if text]
        return sorted(found, key=lambda each: (each.report.kind, each.report.host, each.report.pid))

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


def _told(text: bytes, left: bytes) -> Told:
    report = msgspec.json.decode(text, type=Report)
    if not left:
        return Told(report, age=inf, alive=False, ended=True)
    return Told(report, age=LIFETIME_SECONDS - float(left), alive=float(left) > 0)


def registry() -> Registry:
    """The registry, over the running loop's connections."""
    layer = loop_layer()
    return Registry(layer.client, layer.prefix)
