"""The school's doors: what is renamed, enrolled, ended or removed reaches open pages, live."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

import pytest
import redis
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections, transaction

from feed import sources
from progress import database, recorder, school
from progress.models import Course, Enrollment, Exam, Lesson, User, UserProgress
from progress.ticks import Tick
from tests.cast import Cast
from tests.live import Live, Viewer, until
from tests.papers import ask


async def test_a_renamed_person_resets_viewers_and_a_fresh_snapshot_has_the_new_name(live: Live, cast: Cast) -> None:
    async with live.player(cast.ada, cast.bernoulli) as player:
        await player.watch(to=95)
    async with live.feed(cast.admin) as admin, live.feed(cast.grace, web=1) as grace, live.feed(cast.oscar) as oscar:

        def rename() -> None:
            cast.ada.last_name = "King"
            school.save_person(cast.ada)

        await sync_to_async(rename)()
        for viewer in (admin, grace):
            assert (await viewer.until("reset"))["reason"] == "renamed"
        assert oscar.of("reset") == []  # nothing of ada's in his course
        answer = await admin.subscribe(admin.position)
        assert not answer["recovered"]
        fresh = await live.snapshot(cast.admin)
        assert {entry["user"]["name"] for entry in fresh["entries"]} == {"Ada King"}
        assert (await admin.subscribe(fresh["position"]))["recovered"]
    found = await live.snapshot(cast.admin, q="king")
    assert len(found["entries"]) == 2


async def test_a_name_that_changes_while_an_entry_is_read_is_told_once_and_new(
    live: Live, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = sources.read

    def rename() -> None:
        cast.ada.last_name = "King"
        school.save_person(cast.ada)

    async def read_and_be_renamed(type: str, pks: Any) -> Any:
        entries = await read(type, pks)
        if cast.ada.last_name != "King":
            await sync_to_async(rename)()
        return entries

    async with live.feed(cast.grace) as grace:
        monkeypatch.setattr("feed.sources.read", read_and_be_renamed)
        await recorder.record([Tick(cast.ada.pk, cast.bernoulli.pk, 60, 60)])
        await recorder.idle()
        await grace.until("reset")
        fresh = await live.snapshot(cast.grace)
        assert [entry["user"]["name"] for entry in fresh["entries"]] == ["Ada King"]
        await grace.subscribe({group: f"{mark.split('.')[0]}.0" for group, mark in fresh["position"].items()})
        await until(lambda: grace.position == fresh["position"])
        told = [entry["user"]["name"] for frame in grace.of("entries") for entry in frame["entries"]]
        assert told == ["Ada King"]


async def test_a_removed_person_disappears_from_every_open_page(live: Live, cast: Cast) -> None:
    exam = await Exam.objects.acreate(course=cast.algorithms, title="Final exam", pass_mark=50)
    right, _ = await sync_to_async(ask)(exam=exam)
    for person in (cast.ada, cast.bob):
        async with live.player(person, cast.bernoulli) as player:
            await player.watch(to=95)
        browser = await live.http(person)
        begun = (await browser.post(f"/api/exams/{exam.pk}/attempts/", json={})).json()
        assert (await browser.post(f"/api/attempts/{begun['attempt']}/", json={"answers": right})).json()["passed"]
    async with (
        live.feed(cast.admin) as admin,
        live.feed(cast.grace, web=1) as grace,
        live.feed(cast.bob) as bob,
        live.feed(cast.ada, web=1) as ada,
        live.player(cast.ada, cast.bernoulli) as hers,
    ):
        viewers = ((admin, cast.admin), (grace, cast.grace), (bob, cast.bob))
        assert [len(viewer.entries) for viewer, _ in viewers] == [8, 8, 4]  # all four types of each
        await sync_to_async(school.remove_people)(User.objects.filter(pk=cast.ada.pk))
        for viewer, person in viewers:
            await until(lambda v=viewer: {each["user"]["name"] for each in v.entries.values()} == {"Bob Moog"})
            assert len(viewer.entries) == 4
            assert viewer.list() == (await live.snapshot(person))["entries"]
        assert await ada.until_closed() == 4401
        assert await hers.until_closed() == 4401
    assert await UserProgress.objects.filter(user_id=cast.ada.pk).acount() == 0


async def test_a_removed_lesson_takes_its_entries_along_and_leaves_the_others(live: Live, cast: Cast) -> None:
    other = await Lesson.objects.acreate(course=cast.algorithms, title="Other", slug="other", duration=10)
    for lesson in (cast.bernoulli, other):
        async with live.player(cast.ada, lesson) as player:
            await player.watch(to=95)
    async with live.feed(cast.grace) as grace:
        await sync_to_async(school.remove_lessons)(Lesson.objects.filter(pk=other.pk))
        await until(lambda: len(grace.entries) == 2)
        assert {entry["lesson"]["slug"] for entry in grace.entries.values()} == {"bernoulli"}


async def test_an_ended_enrolment_closes_the_students_player_on_every_process(live: Live, cast: Cast) -> None:
    async with (
        live.player(cast.ada, cast.bernoulli, web=0) as first,
        live.player(cast.ada, cast.bernoulli, web=1) as second,
        live.player(cast.bob, cast.bernoulli, web=1) as his,
    ):
        await first.watch(to=10)
        enrollment = await Enrollment.objects.aget(user=cast.ada)
        enrollment.active = False
        await sync_to_async(school.save_enrollment)(enrollment)
        assert await first.until_closed() == 4403
        assert await second.until_closed() == 4403
        assert (await his.watch(to=20))["watch_percentage"] == 20


async def test_a_disabled_account_is_not_signed_in_any_more(live: Live, cast: Cast) -> None:
    async with live.feed(cast.grace, web=1) as grace:
        cast.grace.is_active = False
        await sync_to_async(school.save_person)(cast.grace)
        assert await grace.until_closed() == 4401


async def test_a_lost_course_is_told_no_more_and_a_gained_one_is(live: Live, cast: Cast) -> None:
    async with live.feed(cast.grace, web=1) as grace, live.feed(cast.admin) as admin:
        await sync_to_async(school.set_instructors)(cast.botany, [cast.grace, cast.oscar])
        assert (await grace.until("reset"))["reason"] == "access_changed"
        fresh = await live.snapshot(cast.grace, web=1)
        assert set(fresh["position"]) == {f"feed.course.{cast.algorithms.pk}", f"feed.course.{cast.botany.pk}"}
        assert (await grace.subscribe(fresh["position"]))["recovered"]

        await sync_to_async(school.set_instructors)(cast.algorithms, [])
        await grace.until("reset", count=2)
        heard = len(grace.of("entries"))
        async with live.player(cast.ada, cast.bernoulli) as player:
            await player.watch(to=95)
        await admin.until_shown("lesson_completed")  # somebody received it
        assert len(grace.of("entries")) == heard

        await sync_to_async(school.set_instructors)(cast.botany, [cast.oscar])
        assert await grace.until_closed() == 4403


async def test_a_course_is_removed_with_its_entries(live: Live, cast: Cast) -> None:
    async with live.player(cast.ada, cast.bernoulli) as player:
        await player.watch(to=95)
    async with live.feed(cast.admin) as admin:
        assert len(admin.entries) == 2
        await sync_to_async(school.remove_courses)(Course.objects.filter(pk=cast.algorithms.pk))
        await until(lambda: admin.entries == {})


async def test_signing_out_closes_the_sockets_of_that_session_on_every_process_and_no_other(
    live: Live, cast: Cast
) -> None:
    browser = await live.http(cast.grace, web=0)
    session = browser.cookies["sessionid"]
    async with (
        live.feed(cast.grace, web=1, session=session) as here,
        live.feed(cast.grace, web=1) as elsewhere,
        live.feed(cast.admin) as admin,
    ):
        assert (await browser.post("/accounts/logout/")).status_code == 302
        assert await here.until_closed() == 4401
        async with live.player(cast.ada, cast.bernoulli) as player:
            await player.watch(to=95)
        await admin.until_shown("lesson_completed")
        await elsewhere.until_shown("lesson_completed")
        assert here.of("entries") == []


async def test_a_changed_password_ends_every_other_session_with_its_sockets(live: Live, cast: Cast) -> None:
    async with live.feed(cast.grace, web=1) as grace:

        def change() -> None:
            person = User.objects.get(pk=cast.grace.pk)
            person.set_password("quite another one")
            person.save()

        await sync_to_async(change)()
        assert await grace.until_closed() == 4401


async def test_rights_lost_while_a_process_heard_nothing_of_redis_are_found_out(live: Live, cast: Cast) -> None:
    async with live.feed(cast.grace, web=1) as grace, live.feed(cast.admin) as admin:
        with contextlib.closing(redis.Redis.from_url(settings.REDIS_URL)) as client:
            client.client_kill_filter(_type="pubsub")
            await sync_to_async(school.set_instructors)(cast.algorithms, [])
        assert await grace.until_closed() == 4403
        async with live.player(cast.ada, cast.bernoulli) as player:
            await player.watch(to=95)
        await admin.until_shown("lesson_completed")
        assert grace.entries == {}


async def test_a_first_tick_during_a_removal_leaves_nothing_behind(live: Live, cast: Cast) -> None:
    start = (await live.snapshot(cast.admin))["position"]

    def remove_slowly() -> None:
        try:
            with transaction.atomic():
                school.remove_lessons(Lesson.objects.filter(pk=cast.bernoulli.pk))
                removed.set()
                assert arrived.wait(10)
        finally:
            connections.close_all()

    removed, arrived = threading.Event(), threading.Event()
    browser = await live.http(cast.ada)
    removing = asyncio.create_task(asyncio.to_thread(remove_slowly))
    await until(removed.is_set)
    tick = browser.post(f"/api/lessons/{cast.bernoulli.pk}/progress/", json={"watch_percentage": 95, "timestamp": 9})
    ticking = asyncio.create_task(tick)
    # The tick's transaction waits for the removal's: then let the removal commit.
    await until_waiting()
    arrived.set()
    await removing
    answer = await ticking
    assert answer.status_code == 404, answer.text
    assert await UserProgress.objects.acount() == 0
    async with live.socket("/ws/feed/", cast.admin, Viewer) as admin:
        assert (await admin.subscribe(start))["recovered"]
        async with live.player(cast.eve, cast.mosses) as player:
            await player.watch(to=95)
        await admin.until_shown("lesson_completed")
        assert {entry["course"]["slug"] for entry in admin.entries.values()} == {"botany"}


async def until_waiting() -> None:
    """Wait until some transaction waits for a lock of another."""
    async with database.connection() as connection:
        for _ in range(500):
            cursor = await connection.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            if (await cursor.fetchall())[0][0]:
                return
            await asyncio.sleep(0.02)
    raise AssertionError("nobody waits for a lock")
