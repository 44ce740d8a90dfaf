"""Presence: who is watching which lesson at this moment, over all processes, from ticks and open progress sockets.

Nobody is kept here who is not there: what a process holds lapses within seconds of its end, and Redis alone has it
(`feed.presence.store`). Names are not part of it; they are read where a seat is shown (`feed.presence.naming`).
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable

from asgiref.sync import async_to_sync
from redis.exceptions import RedisError

from feed.presence.rules import Seat, State, Tally, tally
from feed.presence.store import Answer, presences, present_of
from progress.failures import in_words

__all__ = ["Seat", "State", "Tally", "forget", "seats", "seats_from_thread", "tally"]

log = logging.getLogger(__name__)


async def seats(course_ids: Collection[int] | None) -> list[Seat]:
    """Return who is watching in these courses, None meaning all; raises redis.RedisError where Redis is away.

    One student has one seat a lesson, however many tabs and processes; those who left stay for five minutes, as
    `gone`. Whose courses they may be, the caller has asked a scope (CourseQuerySet.taught_by).
    """
    return (await presences().read(course_ids)).seats


def seats_from_thread(course_ids: Collection[int] | None) -> list[Seat] | None:
    """`seats` for synchronous code; None where Redis is away, and then nobody knows who is watching."""
    try:
        # What is long about it is done here, where the loop goes on meanwhile.
        return present_of(async_to_sync(_ask)(course_ids)).seats
    except (RedisError, OSError) as error:
        log.warning("Nobody can tell who is watching: Redis is away", extra={"error": in_words(error)})
        return None


async def _ask(course_ids: Collection[int] | None) -> Answer:
    return await presences().ask(course_ids)


async def forget(people: Iterable[int]) -> None:
    """Leave no presence of these people, whom nobody may find here again: they are erased."""
    await presences().forget(people)
