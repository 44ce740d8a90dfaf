"""The recorder: one row, one completion, whatever comes at once; acked is durable."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from msgspec.structs import replace
from psycopg import OperationalError

from progress import database, group_commit, outbox, recorder, rows
from progress.models import Lesson, LessonQuiz, Outbox, QuizAttempt, UserProgress
from progress.papers import Marked, Result
from progress.quizzes import Answered
from progress.refusals import NotFound, NotRecorded
from progress.reports import Completion
from progress.rows import Change
from progress.ticks import Tick
from tests.cast import Cast

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
    commit = group_commit.commit

    async def counted(connection: Any, batch: Any) -> Any:
        nonlocal commits
        commits += 1
        return await commit(connection, batch)

    monkeypatch.setattr(group_commit, "commit", counted)
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

    monkeypatch.setattr(recorder, "RETRY_SECONDS", 0.1)
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
        record = (await (await rows.lock(connection, [key])).records())[key]
        for second in range(2, 22):
            moved = replace(record.row, percentage=float(second), position=float(second))
            await rows.update(connection, [Change(record.pk, record.row, moved)])
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


class Poison(psycopg.DataError):
    """What PostgreSQL says of a value that it does not take."""


async def test_a_tick_that_postgresql_does_not_take_is_singled_out_and_the_others_commit(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, commits = group_commit.commit, []

    async def particular(connection: Any, batch: Any) -> Any:
        commits.append(len(batch))
        if any(isinstance(report, Tick) and report.position == 13 for reports in batch for report in reports):
            raise Poison("no thirteen here")
        return await commit(connection, batch)

    monkeypatch.setattr(group_commit, "commit", particular)
    ticks = [Tick(cast.ada.pk, cast.bernoulli.pk, second, second, id=second, player="p") for second in range(64)]
    answers = await asyncio.gather(*(recorder.record([tick]) for tick in ticks), return_exceptions=True)
    assert isinstance(answers[13], NotRecorded)
    assert [each[0].id for each in answers if isinstance(each, list)] == [*range(13), *range(14, 64)]
    assert (await UserProgress.objects.aget()).video_watch_percentage == 63
    assert len(commits) < 20, "found by halving, not one by one"


@pytest.mark.parametrize("player", ["no \x00 in PostgreSQL", "no \ud800 in UTF-8"])
async def test_what_postgresql_or_the_encoder_really_refuses_is_singled_out_too(cast: Cast, player: str) -> None:
    """No parser lets such a name through; here it stands for whatever nobody has thought of."""
    ticks = [
        Tick(person.pk, cast.bernoulli.pk, 10, 10, id=1, player=player if number == 5 else f"tab {number}")
        for number, person in enumerate([cast.ada, cast.bob] * 5)
    ]
    answers = await asyncio.gather(*(recorder.record([tick]) for tick in ticks), return_exceptions=True)
    assert isinstance(answers[5], NotRecorded)
    assert all(isinstance(each, list) for number, each in enumerate(answers) if number != 5), answers
    assert await UserProgress.objects.acount() == 2


async def test_a_batch_whose_connection_fell_is_committed_again_and_nothing_is_counted_twice(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, falls = group_commit.commit, ["before COMMIT", "after it"]

    async def falling(connection: Any, batch: Any) -> Any:
        fall = falls.pop(0) if falls else ""
        if fall == "before COMMIT":
            raise psycopg.OperationalError("the connection fell")
        done = await commit(connection, batch)
        if fall:
            raise psycopg.OperationalError("the connection fell when all was stored")
        return done

    monkeypatch.setattr(group_commit, "commit", falling)
    tick = Tick(cast.ada.pk, cast.bernoulli.pk, 0, 2, segments=((0.0, 2.0),), player="p", id=1)
    answered = Answered(cast.bob.pk, cast.bernoulli.pk, (await a_quiz(cast)).pk, Marked({}, 100, True), uuid4())
    [[ack], [attempt]] = await asyncio.gather(recorder.record([tick]), recorder.record([answered]))
    assert not falls, "it has to fall both ways"
    assert (ack.id, ack.watch_percentage) == (1, 2)
    assert attempt.attempt == Result(100, True, 1)
    row = await UserProgress.objects.aget(user=cast.ada)
    assert row.segments == [[0, 2]]
    assert 1 <= row.budget_seconds < 3, "paid once"
    assert await QuizAttempt.objects.acount() == 1


async def test_answers_without_a_name_are_not_stored_again_where_nobody_knows_whether_they_are(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = group_commit.commit

    async def falling(connection: Any, batch: Any) -> Any:
        await commit(connection, batch)
        raise psycopg.OperationalError("the connection fell when all was stored")

    monkeypatch.setattr(group_commit, "commit", falling)
    answered = Answered(cast.bob.pk, cast.bernoulli.pk, (await a_quiz(cast)).pk, Marked({}, 100, True))
    with pytest.raises(psycopg.OperationalError):
        await recorder.record([answered])
    assert await QuizAttempt.objects.acount() == 1


async def test_a_database_that_stays_away_is_said_after_a_while_and_later_ticks_are_taken(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    async def away(*_: Any) -> Any:
        nonlocal tries
        tries += 1
        raise psycopg.OperationalError("nobody there")

    monkeypatch.setattr(recorder, "RETRY_SECONDS", 0.5)
    with monkeypatch.context() as broken:
        broken.setattr(group_commit, "commit", away)
        with pytest.raises(psycopg.OperationalError):
            await recorder.record([Tick(cast.ada.pk, cast.bernoulli.pk, 5, 5)])
    assert tries > 2
    [ack] = await recorder.record([Tick(cast.ada.pk, cast.bernoulli.pk, 6, 6)])
    assert ack.watch_percentage == 6


async def test_where_too_much_waits_whoever_comes_waits_outside_and_in_the_end_all_is_stored(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, sizes, most = group_commit.commit, [], 0

    async def measured(connection: Any, batch: Any) -> Any:
        nonlocal most
        most = max(most, *(len(queue.waiting) for queue in recorder._queues.values()))
        sizes.append(len(batch))
        return await commit(connection, batch)

    monkeypatch.setattr(group_commit, "commit", measured)
    monkeypatch.setattr(recorder, "MOST_IN_A_BATCH", 10)
    monkeypatch.setattr(recorder, "MOST_WAITING", 25)
    ticks = [
        Tick(cast.ada.pk, cast.bernoulli.pk, number / 2, number / 2, id=number, player="p") for number in range(200)
    ]
    acks = await asyncio.gather(*(recorder.record([tick]) for tick in ticks))
    assert [ack.id for [ack] in acks] == list(range(200))
    assert most <= 25
    assert max(sizes) == 10


async def a_quiz(cast: Cast) -> LessonQuiz:
    return await LessonQuiz.objects.acreate(lesson=cast.bernoulli, title="Quiz", required=True)
