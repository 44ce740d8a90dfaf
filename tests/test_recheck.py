"""What no event tells: a session that expired or was deleted by hand, a right that was taken in the database itself.

The web process is the real one, which looks again every 0.3 s where users have a minute.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from progress.models import Course, Enrollment, User
from tests.cable import Cable, address_through
from tests.cast import Cast
from tests.live import Client, Live, Site

HURRIED = """
from consumers import codes, heartbeat
codes.RECHECK_SECONDS, heartbeat.ROUND_SECONDS = 0.3, 0.05
from project.server import main
main()
"""

SEVERAL_LOOKS = 2.0
SLOW_ANSWER = 0.1
"""Seconds each way: of any two replays one is under way while the socket is looked at again."""


class HurriedSite(Site):
    """A site that looks again soon."""

    web_command = (sys.executable, "-c", HURRIED)


@dataclass
class Far:
    """Clients of a site whose Redis is far away, and the way there."""

    live: Live
    cable: Cable


@pytest.fixture(scope="module")
def hurried_site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One web process of that kind."""
    with HurriedSite(tmp_path_factory.mktemp("site"), webs=1) as running:
        yield running


@pytest_asyncio.fixture
async def hurried(patient_flush: None, cast: Cast, hurried_site: Site, loop_services: None) -> AsyncIterator[Live]:
    """Clients of it."""
    async with Live(hurried_site) as live:
        yield live


async def expires(key: str, _: Cast) -> None:
    await Session.objects.filter(pk=key).aupdate(expire_date=timezone.now() - timedelta(seconds=1))


async def is_deleted(key: str, _: Cast) -> None:
    await Session.objects.filter(pk=key).adelete()


async def is_disabled(_: str, cast: Cast) -> None:
    await User.objects.filter(pk=cast.ada.pk).aupdate(is_active=False)


async def studies_no_more(_: str, cast: Cast) -> None:
    await Enrollment.objects.filter(user=cast.ada).aupdate(active=False)


@pytest.mark.parametrize(
    ("happens", "code"), [(expires, 4401), (is_deleted, 4401), (is_disabled, 4401), (studies_no_more, 4403)]
)
async def test_a_students_socket_closes_though_nobody_told(
    hurried: Live, cast: Cast, happens: Callable[[str, Cast], Awaitable[None]], code: int
) -> None:
    path = f"/ws/lessons/{cast.bernoulli.pk}/progress/"
    key = await hurried.session(cast.ada)
    async with (
        hurried.socket(path, cast.ada, session=key) as hers,
        hurried.socket(path, cast.bob) as his,
    ):
        await hers.until("welcome")
        await his.until("welcome")
        await happens(key, cast)
        assert await hers.until_closed() == code
        assert his.closed_with is None


async def test_a_viewer_who_teaches_less_begins_anew_with_what_is_left(hurried: Live, cast: Cast) -> None:
    await cast.botany.instructors.aadd(cast.grace)
    async with hurried.feed(cast.grace) as grace:
        await Course.instructors.through.objects.filter(user=cast.grace, course=cast.botany).adelete()
        assert (await grace.until("reset"))["reason"] == "access_changed"
        assert grace.closed_with is None


async def test_a_socket_whose_rights_stay_stays(hurried: Live, cast: Cast) -> None:
    async with hurried.feed(cast.grace) as grace, hurried.player(cast.ada, cast.bernoulli) as ada:
        key = await hurried.session(cast.admin)
        async with hurried.socket("/ws/feed/", cast.admin, session=key) as gone:
            await gone.tell({"type": "subscribe", "position": None, "filters": {}})
            await gone.until("subscribed")
            await is_deleted(key, cast)  # when this one is closed, everybody was looked at
            assert await gone.until_closed() == 4401
        assert (await ada.watch(to=60))["watch_percentage"] == 60
        await grace.until_shown("progress_update")
        assert grace.of("reset") == []


@pytest_asyncio.fixture
async def far_redis(transactional_db: None, cast: Cast, loop_services: None, tmp_path: Path) -> AsyncIterator[Far]:
    """A site that looks again soon, and reaches Redis by a cable."""
    known = urlsplit(settings.REDIS_URL)
    async with Cable(known.hostname or "", known.port or 0) as cable:
        own = HurriedSite(tmp_path, redis_url=address_through(cable, settings.REDIS_URL), webs=1)
        await asyncio.to_thread(own.__enter__)
        try:
            async with Live(own) as live:
                yield Far(live, cable)
        finally:
            cable.mend()
            await asyncio.to_thread(own.__exit__)


async def test_a_look_again_does_not_spoil_a_subscription_that_is_under_way(far_redis: Far, cast: Cast) -> None:
    live = far_redis.live
    position = (await live.snapshot(cast.grace))["position"]
    async with live.feed(cast.grace) as other, live.player(cast.ada, cast.bernoulli) as ada:
        await ada.watch(to=60)
        await other.until_shown("progress_update")  # from now on there is something to be replayed
    async with live.socket("/ws/feed/", cast.grace) as grace:
        far_redis.cable.delay = SLOW_ANSWER
        began = time.monotonic()
        while time.monotonic() - began < SEVERAL_LOOKS:
            assert await subscribed(grace, position)


async def test_a_subscription_with_a_right_that_is_gone_is_refused(hurried: Live, cast: Cast) -> None:
    await cast.botany.instructors.aadd(cast.grace)
    both = (await hurried.snapshot(cast.grace))["position"]
    async with hurried.socket("/ws/feed/", cast.grace) as grace:
        assert await subscribed(grace, both)
        await Course.instructors.through.objects.filter(user=cast.grace, course=cast.botany).adelete()
        assert not await subscribed(grace, both)
        left = (await hurried.snapshot(cast.grace))["position"]
        assert set(left) < set(both)
        assert await subscribed(grace, left)


async def subscribed(client: Client, position: dict[str, str]) -> bool:
    """Subscribe, and say whether the position was recovered."""
    client.frames.clear()
    await client.tell({"type": "subscribe", "position": position, "filters": {}})
    return bool((await client.until("subscribed"))["recovered"])
