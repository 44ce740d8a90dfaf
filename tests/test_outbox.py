"""The outbox: what could not be told at once is told later, once, in the words of then."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from feed.history import Histories
from feed.layer import histories
from progress import database, outbox, recorder, signals, sweeper
from progress.models import Lesson, Outbox, UserProgress
from progress.outbox import Reference
from progress.sweeper import Sweeper
from progress.ticks import Tick
from tests.cast import Cast
from tests.live import WITHIN, until

NOBODYS = range(10**12, 10**12 + 1200)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("nobody_else_tells", "loop_services")]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is published, instead of to Redis."""
    posts: list[Any] = []

    async def append(self: Any, batch: Any, **options: Any) -> bool:
        posts.extend(batch)
        return True

    monkeypatch.setattr("feed.history.Histories.append", append)
    return posts


@pytest.fixture
def redis_away(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Every append fails until the returned function is called."""
    away = True
    append = Histories.append

    async def sometimes(self: Any, batch: Any, **options: Any) -> bool:
        if away:
            raise ConnectionError("Redis is away")
        return await append(self, batch, **options)

    def back() -> None:
        nonlocal away
        away = False

    monkeypatch.setattr("feed.history.Histories.append", sometimes)
    return back


async def waiting() -> int:
    return await Outbox.objects.filter(live_done_at=None).acount()


async def test_what_is_told_is_marked_and_kept_for_a_day(cast: Cast, told: list[Any]) -> None:
    await recorder.record([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
    await recorder.idle()
    assert await waiting() == 0
    assert await Outbox.objects.acount() == 2
    assert await sweeper.clear() == 0
    await Outbox.objects.aupdate(at=timezone.now() - timedelta(days=1, seconds=1))
    assert await sweeper.clear() == 2


async def test_ticks_are_acked_while_redis_is_away_and_told_when_it_is_back(cast: Cast, redis_away: Any) -> None:
    start = (await histories().positions(["feed.all"]))["feed.all"]
    for percentage in (50, 55, 95):
        [ack] = await recorder.record([Tick(cast.ada.pk, cast.bernoulli.pk, percentage, percentage)])
        assert ack.watch_percentage == percentage
    await recorder.idle()
    assert await waiting() == 4
    with pytest.raises(ConnectionError):
        await sweeper.sweep(patience=0)
    assert await waiting() == 4
    redis_away()
    assert await sweeper.sweep(patience=0) == 4
    assert await waiting() == 0
    replay = await histories().replay("feed.all", start)
    assert replay is not None
    # three updates of one row collapsed into the newest; the completion is never collapsed
    assert len(replay.items) == 2


async def test_the_sweeper_leaves_the_writer_its_time(cast: Cast, told: list[Any]) -> None:
    await Outbox.objects.acreate(kind="progress_announced", object_id=1, at=timezone.now())
    assert await sweeper.sweep(patience=60) == 0
    assert await sweeper.sweep(patience=0) == 1


async def test_two_sweepers_tell_each_reference_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[int] = []

    async def hear(*, references: list[Reference], **_: Any) -> None:
        heard.extend(reference.object_id for reference in references)
        await asyncio.sleep(0)

    signals.exam_attempted.connect(hear)
    try:
        # Rows that are not there are told as withdrawn, and a withdrawn id never comes again: none that tests will use.
        await Outbox.objects.abulk_create(
            Outbox(kind="exam_attempted", object_id=number, at=timezone.now()) for number in NOBODYS
        )

        async def sweep_all() -> None:
            while await waiting():
                await sweeper.sweep(patience=0)

        await asyncio.gather(sweep_all(), sweep_all(), sweep_all())
    finally:
        signals.exam_attempted.disconnect(hear)
    assert sorted(heard) == list(NOBODYS)
    assert heard == sorted(heard)


async def test_a_reference_whose_row_is_gone_tells_a_withdrawal(cast: Cast, told: list[Any]) -> None:
    await outbox.send([Reference("lesson_completed", 999, cast.ada.pk, cast.algorithms.pk)])
    [post] = told
    assert post.item == b'{"withdrawn":"lesson_completed:999"}'
    assert post.withdraws
    assert list(post.groups) == ["feed.all", f"feed.course.{cast.algorithms.pk}", f"feed.student.{cast.ada.pk}"]


async def test_a_reference_told_late_tells_what_is_true_then(cast: Cast, told: list[Any]) -> None:
    await recorder.record([Tick(cast.ada.pk, cast.bernoulli.pk, 50, 50)])
    await recorder.record([Tick(cast.ada.pk, cast.bernoulli.pk, 75, 75)])
    await recorder.idle()
    told.clear()
    row = await UserProgress.objects.aget()
    await outbox.send([Reference("progress_announced", row.pk, cast.ada.pk, cast.algorithms.pk)] * 3)
    assert len(told) == 1
    assert b'"watch_percentage":75.0' in told[0].item


async def test_a_running_sweeper_survives_an_outage_and_stops_when_told(cast: Cast, redis_away: Any) -> None:
    await recorder.record([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
    await recorder.idle()
    await Outbox.objects.aupdate(at=timezone.now() - timedelta(seconds=10))
    working = Sweeper(asyncio.Event())
    task = asyncio.create_task(working.run())
    await until(lambda: working.failing)
    redis_away()
    await until(lambda: not working.failing)
    assert await waiting() == 0
    working.stopped.set()
    await task


async def test_a_lesson_without_a_listener_is_still_committed(cast: Cast) -> None:
    async def broken(**_: Any) -> None:
        raise RuntimeError("a receiver with a fault")

    signals.lesson_completed.connect(broken)
    try:
        [ack] = await recorder.record([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
        await recorder.idle()
    finally:
        signals.lesson_completed.disconnect(broken)
    assert ack.completed
    assert (await Lesson.objects.aget(pk=cast.bernoulli.pk)).title
    assert await waiting() == 2


async def test_a_sweep_that_waits_for_a_lock_which_waits_for_it_gives_up_and_tells_later(
    cast: Cast, told: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await recorder.record([Tick(cast.ada.pk, cast.bernoulli.pk, 60, 60)])
    await recorder.idle()
    told.clear()
    await Outbox.objects.aupdate(live_done_at=None)
    monkeypatch.setattr(sweeper, "TELLING_SECONDS", 1.0)
    # As a migration of both tables does, or a TRUNCATE.
    async with database.connection() as connection, connection.transaction():
        await connection.execute("LOCK TABLE progress_userprogress IN ACCESS EXCLUSIVE MODE")
        sweeping = asyncio.create_task(sweeper.sweep(patience=0))
        reads = "SELECT 1 FROM pg_locks WHERE relation = 'progress_userprogress'::regclass AND NOT granted"
        async with asyncio.timeout(WITHIN):
            while await (await connection.execute(reads)).fetchone() is None:
                await asyncio.sleep(0.02)
        await connection.execute("SET LOCAL lock_timeout = '10s'")
        await connection.execute("LOCK TABLE progress_outbox IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(TimeoutError):
            await sweeping
    assert told == []
    assert await sweeper.sweep(patience=0) == 1
    assert len(told) == 1
    assert await waiting() == 0
