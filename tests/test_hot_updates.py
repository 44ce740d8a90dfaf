"""HOT: a tick changes no column that an index is about, so most updates are in place, as PostgreSQL itself counts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from progress import database, recorder
from progress.models import Enrollment, User, UserProgress
from progress.ticks import Tick
from tests.cast import Cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("loop_services")]

STUDENTS = 30
TICKS = 120
"""For a lesson of ten minutes, one every five seconds; from 50 % on one in six of them announces a step."""


@sync_to_async
def counted() -> tuple[int, int]:
    """Updates of progress rows so far, and those in place."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'progress_userprogress'"
        )
        updates, hot = cursor.fetchone()
    return updates, hot


@sync_to_async
def enrolled(cast: Cast) -> list[User]:
    people = User.objects.bulk_create(User(username=f"student{number}") for number in range(STUDENTS))
    Enrollment.objects.bulk_create(Enrollment(user=person, course=cast.algorithms) for person in people)
    return people


@sync_to_async
def indexed() -> set[str]:
    """The columns of progress rows that an index depends on, by its keys, its expressions or its condition."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT a.attname FROM pg_index i"
            " JOIN pg_depend d ON d.objid = i.indexrelid AND d.refobjid = i.indrelid AND d.refobjsubid > 0"
            " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = d.refobjsubid"
            " WHERE i.indrelid = 'progress_userprogress'::regclass"
        )
        return {name for (name,) in cursor.fetchall()}


@sync_to_async
def row(person: User) -> dict[str, Any]:
    return dict(UserProgress.objects.filter(user=person).values()[0])


async def test_a_tick_changes_no_column_that_an_index_is_about(cast: Cast) -> None:
    rows = []
    for at in (1, 2):
        tick = Tick(cast.ada.pk, cast.bernoulli.pk, at, at, segments=[(at - 1, at)], player="p", id=at)
        await recorder.record([tick])
        rows.append(await row(cast.ada))
    before, now = rows
    changed = {column for column in now if now[column] != before[column]}
    assert changed >= {"segments", "last_accessed", "video_watch_percentage", "budget_seconds"}
    assert changed & await indexed() == set()
    assert "announced_at" in await indexed()  # so it is known where indexes are


async def test_most_updates_of_a_whole_lesson_are_in_place(cast: Cast) -> None:
    """Of the bench's database nine in ten are (docs/benchmarks.md, "Hot"). In one that other tests' processes look at,
    PostgreSQL may not take away old versions as soon, and pages fill up; with an index on what a tick changes it were
    none."""
    people = await enrolled(cast)
    before, hot_before = await counted()
    for number in range(1, TICKS + 1):
        percentage = 100 * number / TICKS
        acks = await recorder.record([Tick(each.pk, cast.bernoulli.pk, percentage, percentage) for each in people])
        assert len(acks) == STUDENTS
    assert acks[0].completed
    await recorder.idle()
    await database.close()  # a connection that ends tells all that it did; one that rests tells it seconds later
    async with asyncio.timeout(20):
        while (await counted())[0] - before < STUDENTS * TICKS:
            await asyncio.sleep(0.05)
    after, hot_after = await counted()
    assert (hot_after - hot_before) / (after - before) > 0.5
