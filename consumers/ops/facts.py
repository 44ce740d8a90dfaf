"""Facts: everything that can be told of the machinery at one moment, each source for itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import msgspec

from consumers.ops import database_facts, process_facts, queue_facts, redis_facts
from consumers.ops.away import Away, unless_away
from consumers.ops.configuration import Wrong
from consumers.ops.database_facts import DatabaseFacts
from consumers.ops.process_facts import ProcessFacts
from consumers.ops.queue_facts import QueueFacts
from consumers.ops.redis_facts import RedisFacts


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What was found at a moment (seconds since 1970), and of each source that does not answer, why."""

    at: float
    redis: RedisFacts | Away
    processes: ProcessFacts | Away
    database: DatabaseFacts | Away
    queue: QueueFacts | Away
    wrong: Sequence[Wrong] = ()


async def gather(wrong: Sequence[Wrong] = ()) -> Facts:
    """Ask all sources at once; `wrong` is what the system checks say, which changes with a restart only."""
    redis, processes, database, queue = await asyncio.gather(
        unless_away(redis_facts.read()),
        unless_away(process_facts.read()),
        unless_away(database_facts.read()),
        unless_away(queue_facts.read()),
    )
    return Facts(at=time.time(), redis=redis, processes=processes, database=database, queue=queue, wrong=wrong)
