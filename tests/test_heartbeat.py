"""The heartbeat: whoever answers stays, whoever does not is let go, and nothing is kept for the dead (law 8).

The web process is the real one with its clock turned fast: a ping every 0.2 s where users have 25, and patience for one
second where users have 60.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from websockets.exceptions import ConnectionClosed

from tests.cast import Cast
from tests.live import Client, Live, Site, until

HURRIED = """
from consumers import codes, heartbeat
codes.PING_SECONDS, codes.SILENCE_SECONDS, heartbeat.ROUND_SECONDS = 0.2, 1.0, 0.05
from project.server import main
main()
"""


class HurriedSite(Site):
    """A site whose heartbeat is fast."""

    web_command = (sys.executable, "-c", HURRIED)


class Pinged(Client):
    """A client that keeps pings and answers none, unless told to."""

    async def listen(self) -> None:
        """Collect frames until the socket closes."""
        with contextlib.suppress(ConnectionClosed):
            async for text in self.socket:
                self.take(json.loads(text))
        self.closed_with = self.socket.close_code


@pytest.fixture(scope="module")
def hurried_site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One web process with a fast heartbeat."""
    with HurriedSite(tmp_path_factory.mktemp("site"), webs=1) as running:
        yield running


@pytest_asyncio.fixture
async def hurried(transactional_db: None, cast: Cast, hurried_site: Site, loop_services: None) -> AsyncIterator[Live]:
    """Clients of it."""
    async with Live(hurried_site) as live:
        yield live


def connected(live: Live) -> set[int]:
    """The ports at the other ends of the connections that the kernel has to the web process."""
    ours = f":{live.site.ports[0]:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    established = "01"
    return {
        int(remote.rpartition(":")[2], 16)
        for _, local, remote, state, *_ in rows
        if local.endswith(ours) and state == established
    }


@pytest.mark.parametrize("said", [{"type": "pong"}, {"type": "gossip"}])
async def test_one_who_says_anything_now_and_then_stays(hurried: Live, cast: Cast, said: dict[str, Any]) -> None:
    async with hurried.socket("/ws/feed/", cast.grace, Pinged) as talking:
        for count in range(2, 20, 2):  # some three seconds, three times the patience
            await talking.until("ping", count=count)
            await talking.tell(said)
        assert talking.closed_with is None


@pytest.mark.parametrize("kind", ["feed", "progress"])
async def test_one_who_reads_and_says_nothing_is_closed_and_may_come_again(
    hurried: Live, cast: Cast, kind: str
) -> None:
    path = "/ws/feed/" if kind == "feed" else f"/ws/lessons/{cast.bernoulli.pk}/progress/"
    async with hurried.socket(path, cast.ada, Pinged) as silent:
        assert await silent.until_closed() == 1012
        assert 1 <= len(silent.of("ping")) <= 6


async def test_nothing_is_kept_for_those_who_are_gone_without_a_word(hurried: Live, cast: Cast) -> None:
    async with hurried.feed(cast.grace) as grace:
        async with (
            hurried.socket("/ws/feed/", cast.admin, Pinged) as first,
            hurried.socket("/ws/feed/", cast.admin, Pinged) as second,
        ):
            for gone in (first, second):
                gone.socket.transport.pause_reading()  # the kernel takes what comes, and nobody ever answers
            ends = {gone.socket.local_address[1] for gone in (first, second)}
            assert ends <= connected(hurried)
            await until(lambda: not ends & connected(hurried), what="both connections let go")
            for gone in (first, second):
                gone.socket.transport.abort()  # there is nobody to say goodbye to
        assert grace.closed_with is None
