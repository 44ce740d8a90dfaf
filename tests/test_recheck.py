"""What no event tells: a session that expired or was deleted by hand, a right that was taken in the database itself.

The web process is the real one, which looks again every 0.3 s where users have a minute.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta

import pytest
import pytest_asyncio
from django.contrib.sessions.models import Session
from django.utils import timezone

from progress.models import Course, Enrollment, User
from tests.cast import Cast
from tests.live import Live, Site

HURRIED = """
from consumers import codes, heartbeat
codes.RECHECK_SECONDS, heartbeat.ROUND_SECONDS = 0.3, 0.05
from project.server import main
main()
"""


class HurriedSite(Site):
    """A site that looks again soon."""

    web_command = (sys.executable, "-c", HURRIED)


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
