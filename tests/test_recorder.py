"""The recorder: one row, one completion, whatever comes at once; acked is durable."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from psycopg import OperationalError

from progress import database, outbox, recorder, rows
from progress.models import Lesson, Outbox, UserProgress
from progress.recorder import Completion
from progress.refusals import NotFound
from progress.ticks import Tick
from tests.conftest import Cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("loop_services")]


async def kinds() -> list[str]:
    return [kind async for kind in Outbox.objects.order_by("id").values_list("kind", flat=True)]


async def test_an_ack_says_what_is_in_the_database(cast: Cast) -> None:
    tick = Tick(cast.ada.pk, cast.bernoulli.pk, 45.5, 12.25, id=7, player="p")
    [ack] = await recorder.record([tick])
    assert (ack.id, ack.watch_percentage, ack.status, ack.completed) == (7, 45.5, "in_progress", False)
    row = await UserProgress.objects.aget()
    assert (row.user_id, row.lesson_id, row.course_id) == (cast.ada.pk, cast.bernoulli.pk, cast.algorithms.pk)
    assert (row.video_watch_percentage, row.progress_percentage, row.last_watched_timestamp) == (45.5, 45.5, 12.25)
    assert (row.status, row.completed, row.completed_at, row.announced_at) == ("in_progress", False, None, None)
    assert row.started_at is not None
    assert row.last_accessed is not None
    assert await kinds() == []


async def test_completion_writes_both_references_and_the_frozen_columns(cast: Cast) -> None:
    await recorder.record([Tick(cast.ada.pk, cast.bernoulli.pk, 92.5, 92)])
    row = await UserProgress.objects.aget()
    assert (row.status, row.completed, row.completed_percentage, row.completed_claimed) == (
        "completed",
        True,
        92.5,
        True,
    )
    assert (row.announced_percentage, row.announced_status, row.announced_at) == (92.5, "completed", row.completed_at)
    assert row.progress_percentage == 100
    assert await kinds() == ["progress_announced", "lesson_completed"]


async def test_many_reports_at_once_are_one_batch_and_each_gets_its_own_answer(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = 0
    commit = recorder._commit

    async def counted(batch: Any) -> Any:
        nonlocal commits
        commits += 1
        return await commit(batch)

    monkeypatch.setattr(recorder, "_commit", counted)
    reports = [
        [Tick(person.pk, cast.bernoulli.pk, float(percentage), 1)]
        for percentage in range(1, 41)
        for person in (cast.ada, cast.bob)
    ]
    answers = await asyncio.gather(*(recorder.record(each) for each in reports))
    assert [ack.watch_percentage for [ack] in answers] == [each.percentage for [each] in reports]
    assert commits <= 2


async def test_ticks_and_completions_of_one_row_in_one_batch_complete_it_once(cast: Cast) -> None:
    tick = Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)
    acks = await recorder.record([tick, Completion(cast.ada.pk, cast.bernoulli.pk), tick, tick])
    assert [ack.completed for ack in acks] == [True] * 4
    assert (await kinds()).count("lesson_completed") == 1
    assert await UserProgress.objects.acount() == 1


async def test_a_lesson_that_is_gone_is_refused_and_the_others_of_the_batch_commit(cast: Cast) -> None:
    gone = recorder.record([Tick(cast.ada.pk, 987654, 50, 5)])
    good = recorder.record([Tick(cast.bob.pk, cast.bernoulli.pk, 50, 5)])
    refused, acks = await asyncio.gather(gone, good, return_exceptions=True)
    assert isinstance(refused, NotFound)
    assert not isinstance(acks, BaseException)
    assert acks[0].watch_percentage == 50


async def test_begin_makes_the_row_once_and_starts_its_budget(cast: Cast) -> None:
    records = await asyncio.gather(*(recorder.begin(cast.ada.pk, cast.bernoulli.pk) for _ in range(10)))
    assert len({record.pk for record in records}) == 1
    assert records[0].row.budget_seconds == 3
    assert records[0].row.status == "not_started"
    with pytest.raises(NotFound):
        await recorder.begin(cast.ada.pk, 987654)


async def test_nothing_is_acked_where_the_commit_fails(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any) -> Any:
        raise OperationalError("the database went away")

    with monkeypatch.context() as broken:
        broken.setattr(outbox, "write", away)
        with pytest.raises(OperationalError):
            await recorder.record([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
    assert await UserProgress.objects.acount() == 0
    [ack] = await recorder.record([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
    assert ack.completed


async def test_a_tick_that_announces_nothing_is_updated_in_place(cast: Cast) -> None:
    # HOT: no index holds a column that moves with every tick. Counted inside one transaction, where PostgreSQL's
    # counters of the transaction itself are exact.
    key = (cast.ada.pk, cast.bernoulli.pk)
    await recorder.record([Tick(*key, 1, 1)])
    async with database.connection() as connection, connection.transaction():
        statistics = (
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'progress_userprogress'"
        )
        before = await (await connection.execute(statistics)).fetchone()
        record = (await rows.lock(connection, [key]))[key]
        for second in range(2, 22):
            await rows.update(
                connection, {record.pk: replace(record.row, percentage=float(second), position=float(second))}
            )
        after = await (await connection.execute(statistics)).fetchone()
        assert (after[0] - before[0], after[1] - before[1]) == (20, 20)


async def test_the_budget_is_the_databases_clock_not_the_callers(cast: Cast) -> None:
    lesson = await Lesson.objects.acreate(course=cast.algorithms, title="Long", slug="long", duration=3600)
    forged = Tick(cast.ada.pk, lesson.pk, 100, 3600, segments=((0.0, 3600.0),), player="p", id=1)
    [ack] = await recorder.record([forged])
    assert ack.watch_percentage < 1
    row = await UserProgress.objects.aget(lesson=lesson)
    assert row.suspicious
    assert row.unpaid_segments[0][1] == 3600
    assert not row.completed
