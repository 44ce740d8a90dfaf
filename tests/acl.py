"""The user of Redis whom docs/operations.md makes, and all that the channel layer does as one."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import redis
from channels_redis.pubsub import RedisPubSubLoopLayer

from consumers.ops import report
from consumers.ops.registry import Registry
from feed.history import Post
from feed.layer import HistoryChannelLayer
from feed.presence.store import Held, Presences
from tests.live import ROOT

USER = "feed"
PASSWORD = "p@ss/w:rd%"
PREFIX = "live"
GROUP = "feed.all"


def documented() -> list[str]:
    """The words of the one ACL line of docs/operations.md, which goes over several lines there."""
    text = (ROOT / "docs" / "operations.md").read_text()
    _, found, rest = text.partition(f"    ACL SETUSER {USER} ")
    assert found
    return rest.partition("\n\n")[0].split()


def optional() -> list[str]:
    """The words of the second line, which lets operators see more."""
    text = (ROOT / "docs" / "operations.md").read_text()
    return text.split(f"    ACL SETUSER {USER} ")[2].partition("\n\n")[0].split()


def make_user(admin: redis.Redis, *, without: str = "") -> None:
    """Make the documented user, but for one of the words, on an empty Redis; forget what was refused before."""
    admin.flushall()
    admin.script_flush()
    words = [f">{PASSWORD}" if word == ">PASSWORD" else word for word in documented() if word != without]
    admin.execute_command("ACL SETUSER", USER, *words)
    admin.acl_log_reset()


def refused(admin: redis.Redis) -> list[str]:
    """What the ACL log says, as `where: what`."""
    return [f"{each['context']}: {each['object']}" for each in admin.acl_log()]


async def everything(url: str) -> None:
    """Do as one user what the product does with Redis: each script, each command, each message."""
    hosts = [{"address": url, "socket_timeout": 3, "socket_connect_timeout": 2}]
    channel_layer = HistoryChannelLayer(hosts=hosts, prefix=PREFIX)
    layer: RedisPubSubLoopLayer = channel_layer._get_layer()
    histories = layer.histories
    try:
        async with asyncio.timeout(5):
            assert await histories.ping()
            channel = await layer.new_channel("hub")
            await layer.group_add(GROUP, channel)
            before = (await histories.positions([GROUP], announce=True))[GROUP]
            assert await histories.append([Post(b"{}", [GROUP], "exam_attempt:1")])
            assert await histories.append([Post(b"{}", [GROUP], "exam_attempt:1", withdraws=True)])
            replay = await histories.replay(GROUP, before)
            assert replay is not None
            assert len(replay.items) == 2
            await histories.begin_epochs([GROUP], reason="renamed")
            assert await histories.reason(GROUP) == "renamed"
            told = [(await layer.receive(channel))["type"] for _ in range(4)]
            assert told == ["history.at", "history.appended", "history.appended", "history.reset"]
            await layer.group_discard(GROUP, channel)
            operators = Registry(layer.client, PREFIX)
            reported = report.take("web", draining=False, loop_lag=0)
            await operators.write(reported)
            assert await operators.read() == [reported]
            assert (await operators.histories([GROUP]))[GROUP].items == 0
            await operators.forget(reported.id)
            assert await operators.read() == []
            await everything_of_presence(Presences(layer.client, prefix=PREFIX))
    finally:
        await layer.flush()


async def everything_of_presence(presences: Presences) -> None:
    """Somebody sits, leaves, is read and forgotten; a process that died is swept."""
    seat = Held(3, 17, 7, False, 0, 0, None, "playing", 1.0, 2.0, "0" * 12)
    assert not (await presences.write("here", [3], [seat])).known
    assert [each.state for each in (await presences.read(None)).seats] == ["playing"]
    await presences.write("here", [3], [replace(seat, left=True)])
    assert [each.state for each in (await presences.read([3])).seats] == ["gone"]
    await presences.forget([17])
    assert (await presences.read([3])).seats == []
