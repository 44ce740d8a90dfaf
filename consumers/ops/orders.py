"""Orders: what an operator has web processes do, told through the group `people` as changed rights are.

An order is done once by each process, and only while it is young: what a process reads again from the history, or hears
after it hung for a minute, it leaves alone. Older processes do not know the key and do nothing. Who is asked answers in
Redis how many sockets were concerned: `<prefix>:order:<id>` (hash, process to number).
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import weakref
from collections.abc import Iterable
from typing import Any, Final, Literal, cast

import msgspec
from redis.exceptions import RedisError

from consumers import access, codes, heartbeat
from consumers.ops import process
from feed.history import Post
from feed.layer import histories, loop_layer
from progress.failures import in_words

log = logging.getLogger(__name__)

VALID_SECONDS: Final = 10.0
"""By Redis's clock: longer than a gap goes unseen, and shorter than an operator takes to change their mind."""

ANSWER_SECONDS: Final = 3.0
"""How long the operator's page waits for the processes."""

REMEMBERED: Final = 200
"""Orders that a process remembers having done: as many as the history of the group keeps."""

CLOSED_AT_A_TIME: Final = 250
"""Sockets closed in a twentieth of a second, who do not all come back at once."""

Kind = Literal["close-person", "close-process", "drain"]


class Order(msgspec.Struct, frozen=True):
    """What to do: `at` is Redis's clock; `process` is whom it concerns, and `person` whose sockets."""

    id: str
    at: float
    kind: Kind
    process: str = ""
    person: int = 0


async def give(kind: Kind, to: Iterable[str], *, process: str = "", person: int = 0) -> dict[str, int]:
    """Tell the processes, and return how many sockets each that answered says were concerned.

    Raises redis.RedisError where Redis is away: then nothing was told.
    """
    order = Order(secrets.token_hex(8), await _redis_time(), kind, process, person)
    item = msgspec.json.encode({"order": order})
    await histories().append([Post(item, [access.GROUP], entry_id="")])
    return await _answers(order, list(to))


async def _answers(order: Order, asked: list[str]) -> dict[str, int]:
    loop = asyncio.get_running_loop()
    until = loop.time() + ANSWER_SECONDS
    answered: dict[str, int] = {}
    while asked:
        said = await cast(Any, loop_layer().client).hmget(_key(order), asked)
        answered = {id: int(count) for id, count in zip(asked, said, strict=True) if count is not None}
        if len(answered) == len(asked) or loop.time() >= until:
            break
        await asyncio.sleep(0.05)
    return answered


_done: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, None]] = weakref.WeakKeyDictionary()
_doing: set[asyncio.Task[None]] = set()


def heard(text: bytes) -> None:
    """Do what this order says, once, if it is for this process and young enough."""
    try:
        order = msgspec.json.decode(text, type=Order)
    except msgspec.MsgspecError:
        log.info("An order of another version is left alone")
        return
    task = asyncio.get_running_loop().create_task(_obey(order))
    _doing.add(task)
    task.add_done_callback(_doing.discard)


async def _obey(order: Order) -> None:
    done = _done.setdefault(asyncio.get_running_loop(), {})
    if order.id in done or (order.process and order.process != process.ID):
        return
    done[order.id] = None
    while len(done) > REMEMBERED:
        del done[next(iter(done))]
    try:
        if await _redis_time() - order.at > VALID_SECONDS:
            log.info("An order came too late and is left alone", extra={"order": order.kind})
            return
        log.warning("An operator's order is done", extra={"order": order.kind})
        await _do(order)
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("An order could not be done or answered", extra={"order": order.kind, "error": in_words(error)})


async def _do(order: Order) -> None:
    if order.kind == "drain":
        # Answered first: after the signal there is little time left for it.
        await _answer(order, len(heartbeat.open_sockets()))
        os.kill(os.getpid(), signal.SIGTERM)
        return
    concerned = [
        socket
        for socket in heartbeat.open_sockets()
        if order.kind == "close-process" or socket.person_id == order.person
    ]
    await _answer(order, len(concerned))
    for count, socket in enumerate(concerned, start=1):
        await socket.close(codes.RESTART)
        if count % CLOSED_AT_A_TIME == 0:
            await asyncio.sleep(0.05)


async def _answer(order: Order, sockets: int) -> None:
    client = cast(Any, loop_layer().client)
    await client.hset(_key(order), process.ID, sockets)
    await client.expire(_key(order), 60)


async def _redis_time() -> float:
    seconds, micros = await cast(Any, loop_layer().client).time()
    return float(seconds) + float(micros) / 1_000_000


def _key(order: Order) -> str:
    return f"{loop_layer().prefix}:order:{order.id}"
