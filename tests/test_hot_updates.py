"""HOT: a class that watches a whole lesson has nearly all of its rows updated in place, as PostgreSQL itself counts."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from progress import database, recorder
from progress.models import Enrollment, User
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


async def test_nine_of_ten_updates_of_a_whole_lesson_are_in_place(cast: Cast) -> None:
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
    assert (hot_after - hot_before) / (after - before) > 0.85
