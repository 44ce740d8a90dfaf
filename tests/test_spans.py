"""Watched spans: what was played and counted is kept as it was played, by month, and goes with its student."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from progress import database, recorder, school, spans
from progress.models import Course, Lesson, User, WatchedSpan
from progress.ticks import Tick
from tests.cast import Cast

pytestmark = [pytest.mark.usefixtures("loop_services"), pytest.mark.django_db(transaction=True)]


def tick(person: User, lesson: Lesson, id: int, *segments: tuple[float, float], rate: float | None = None) -> Tick:
    return Tick(person.pk, lesson.pk, 0, 0, segments, "player", id, "playing", rate)


async def kept(**where: Any) -> list[tuple[int, float, float, float | None]]:
    """Who played what, in order."""
    found = WatchedSpan.objects.filter(**where).order_by("at", "user_id", "from_second")
    return [row async for row in found.values_list("user_id", "from_second", "to_second", "rate")]


async def test_what_is_played_again_is_kept_again_with_its_speed(cast: Cast) -> None:
    await recorder.record([tick(cast.ada, cast.bernoulli, 1, (0, 1.5), rate=1)])
    await recorder.record(
        [tick(cast.ada, cast.bernoulli, 2, (0, 1), rate=2), tick(cast.bob, cast.bernoulli, 1, (5, 6))]
    )
    assert await kept() == [
        (cast.ada.pk, 0, 1.5, 1),
        (cast.ada.pk, 0, 1, 2),
        (cast.bob.pk, 5, 6, None),
    ]


async def test_a_tick_sent_again_is_kept_once(cast: Cast) -> None:
    for _ in range(3):
        await recorder.record([tick(cast.ada, cast.bernoulli, 1, (0, 1.5))])
    assert await kept() == [(cast.ada.pk, 0, 1.5, None)]


async def test_what_outran_the_clock_and_what_is_beyond_the_end_is_not_kept(cast: Cast) -> None:
    await recorder.record([tick(cast.ada, cast.bernoulli, 1, (99, 200), (0, 90))])
    [(_, *last), (_, *rest)] = sorted(await kept(), key=lambda span: -span[1])
    assert last == [99, 100, None]
    assert rest[0] == 0
    assert 2 <= rest[1] < 5  # three seconds to begin with, one of them spent


async def test_a_bare_claim_plays_nothing(cast: Cast) -> None:
    await recorder.record([Tick(cast.ada.pk, cast.bernoulli.pk, 50, 50)])
    assert await kept() == []


@pytest.mark.parametrize("removed", ["person", "lesson", "course"])
async def test_spans_go_with_their_person_lesson_or_course(cast: Cast, removed: str) -> None:
    await recorder.record(
        [
            tick(cast.ada, cast.bernoulli, 1, (0, 1)),
            tick(cast.bob, cast.bernoulli, 1, (1, 2)),
            tick(cast.eve, cast.mosses, 1, (2, 3)),
        ]
    )

    def remove() -> None:
        if removed == "person":
            school.remove_people(User.objects.filter(pk=cast.ada.pk))
        elif removed == "lesson":
            school.remove_lessons(Lesson.objects.filter(pk=cast.bernoulli.pk))
        else:
            school.remove_courses(Course.objects.filter(pk=cast.algorithms.pk))

    await sync_to_async(remove)()
    left = {"person": [cast.bob.pk, cast.eve.pk]}.get(removed, [cast.eve.pk])
    assert sorted(span[0] for span in await kept()) == left


def partitions() -> dict[str, int]:
    """Each partition with the number of its rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = %s::regclass",
            [spans.TABLE],
        )
        names = [row[0].removeprefix(f"{spans.TABLE}_") for row in cursor.fetchall()]
        rows = {}
        for name in names:
            cursor.execute(f"SELECT count(*) FROM {spans.TABLE}_{name}")  # noqa: S608 - our own names
            rows[name] = cursor.fetchone()[0]
    return rows


async def append(*moments: datetime) -> None:
    async with database.connection() as borrowed:
        for at in moments:
            await spans.append(borrowed, [spans.Span(1, 1, 0, 1, None)], at=at)


def is_now(monkeypatch: pytest.MonkeyPatch, year: int, month: int) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime(year, month, 15, tzinfo=tz)

    monkeypatch.setattr(spans, "datetime", Clock)


@pytest.fixture
async def no_months(db: None) -> None:
    """Only the default partition, as on a fresh database."""

    def drop() -> None:
        with connection.cursor() as cursor:
            for name in partitions():
                if name != "default":
                    cursor.execute(f"DROP TABLE {spans.TABLE}_{name}")

    await sync_to_async(drop)()


@pytest.mark.usefixtures("no_months")
async def test_months_are_made_ahead_and_what_is_older_than_the_setting_is_dropped(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.SPANS_KEPT_MONTHS = 2
    is_now(monkeypatch, 2030, 11)
    await spans.keep_months()
    await spans.keep_months()  # once more changes nothing
    assert sorted(await sync_to_async(partitions)()) == [
        "default",
        "y2030m11",
        "y2030m12",
        "y2031m01",
        "y2031m02",
    ]
    await append(datetime(2030, 11, 30, 23, 59, tzinfo=UTC), datetime(2030, 12, 1, tzinfo=UTC))
    found = await sync_to_async(partitions)()
    assert (found["y2030m11"], found["y2030m12"], found["default"]) == (1, 1, 0)
    is_now(monkeypatch, 2031, 2)
    await spans.keep_months()
    assert min(await sync_to_async(partitions)()) == "default"
    assert "y2030m11" not in await sync_to_async(partitions)()
    assert (await sync_to_async(partitions)())["y2030m12"] == 1  # two whole months back


@pytest.mark.usefixtures("no_months")
async def test_what_came_while_no_worker_made_months_finds_its_month_later(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.SPANS_KEPT_MONTHS = 0
    await append(datetime(2030, 11, 3, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC))
    assert await sync_to_async(partitions)() == {"default": 2}
    is_now(monkeypatch, 2030, 11)
    await spans.keep_months()
    found = await sync_to_async(partitions)()
    assert (found["y2030m11"], found["default"]) == (1, 1)
