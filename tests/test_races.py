"""Races on two real processes: one row, one completion, one entry."""

from __future__ import annotations

import asyncio
import contextlib
from random import Random

from django.utils import timezone

from progress import recorder
from progress.models import Lesson, Outbox, UserProgress
from tests.cast import Cast
from tests.live import Live, until


async def test_fifty_first_ticks_on_two_processes_make_one_row_one_completion_one_entry(live: Live, cast: Cast) -> None:
    lesson = await Lesson.objects.acreate(course=cast.algorithms, title="Brand new", slug="new", duration=2.5)
    browsers = [await live.http(cast.ada, web=0), await live.http(cast.ada, web=1)]
    async with live.feed(cast.grace) as hers:
        answers = await asyncio.gather(
            *(
                browsers[index % 2].post(
                    f"/api/lessons/{lesson.pk}/progress/",
                    json={
                        "watch_percentage": 0,
                        "timestamp": index / 20,
                        "segments": [[index / 20, (index + 1) / 20]],
                        "player": f"tab {index}",
                        "id": 1,
                    },
                )
                for index in range(50)
            )
        )
        assert [answer.status_code for answer in answers] == [200] * 50, [answer.text for answer in answers]
        await hers.until_shown("lesson_completed")
        row = await UserProgress.objects.aget(lesson=lesson)
        assert row.segments == [[0, 2.5]]
        assert row.video_watch_percentage == 100
        assert row.suspicious == ""
        assert len(row.players) == 8
        assert await Outbox.objects.filter(kind="lesson_completed").acount() == 1
        await until(lambda: f"progress_update:{row.pk}" in hers.entries)
        completions = [
            entry["id"]
            for frame in hers.of("entries")
            for entry in frame["entries"]
            if entry["type"] == "lesson_completed"
        ]
    assert completions == [f"lesson_completed:{row.pk}"]


async def test_the_same_tick_sent_by_socket_and_http_again_and_again_counts_once(live: Live, cast: Cast) -> None:
    tick = {"id": 1, "player": "p", "watch_percentage": 3, "timestamp": 3, "segments": [[0, 3]], "state": "playing"}
    browser = await live.http(cast.ada, web=1)
    async with live.player(cast.ada, cast.bernoulli) as player:
        ack = await player.tick(**tick)
        assert ack["watch_percentage"] == 3
        before = await UserProgress.objects.aget()
        assert (await player.tick(**tick))["watch_percentage"] == 3
        answer = await browser.post(f"/api/lessons/{cast.bernoulli.pk}/progress/", json=tick)
        assert answer.json()["watch_percentage"] == 3
    after = await UserProgress.objects.aget()
    assert (after.segments, after.budget_seconds, after.last_accessed) == (
        before.segments,
        before.budget_seconds,
        before.last_accessed,
    )


FILM = 20.0
"""Seconds of the lesson in which everybody's tick is the last one."""


async def test_two_hundred_final_ticks_on_two_processes_make_one_completion_and_the_union_of_all(
    live: Live, cast: Cast
) -> None:
    """Each alone would complete the lesson: a hundred over ten sockets, a hundred over HTTP, half of them on each."""
    lesson = await Lesson.objects.acreate(course=cast.algorithms, title="The end", slug="the-end", duration=FILM)
    before = await recorder.begin(cast.ada.pk, lesson.pk)
    almost = {"segments": [[0, 17.9]], "video_watch_percentage": 89.5, "status": "in_progress", "budget_seconds": 1000}
    await UserProgress.objects.filter(pk=before.pk).aupdate(**almost, started_at=timezone.now())
    ticks = [
        {"watch_percentage": 0, "timestamp": FILM, "segments": [[17.9, 18.1 + 1.9 * number / 199]], "state": "ended"}
        for number in range(200)
    ]
    shuffled = iter(Random(1).sample(ticks, len(ticks)))
    browsers = [await live.http(cast.ada, web=web) for web in (0, 1)]
    async with live.feed(cast.grace) as hers, contextlib.AsyncExitStack() as stack:
        players = [
            await stack.enter_async_context(live.player(cast.ada, lesson, web=number % 2)) for number in range(10)
        ]
        posts = [
            browsers[number % 2].post(
                f"/api/lessons/{lesson.pk}/progress/", json={**next(shuffled), "player": f"tab {number}", "id": 1}
            )
            for number in range(100)
        ]
        frames = [
            player.tell({"type": "progress", **next(shuffled), "player": f"socket {place}", "id": id})
            for id in range(1, 11)
            for place, player in enumerate(players)
        ]
        answers = await asyncio.gather(*posts, *frames)
        assert [answer.status_code for answer in answers[:100]] == [200] * 100
        for player in players:
            assert (await player.until("ack", count=10))["completed"]
        await hers.until_shown("lesson_completed")
        row = await UserProgress.objects.aget(lesson=lesson)
        assert (row.segments, row.video_watch_percentage, row.suspicious) == ([[0, FILM]], 100, "")
        assert await Outbox.objects.filter(kind="lesson_completed", object_id=row.pk).acount() == 1
        await until(lambda: f"progress_update:{row.pk}" in hers.entries)
        shown = [entry["id"] for frame in hers.of("entries") for entry in frame["entries"]]
        assert shown.count(f"lesson_completed:{row.pk}") == 1
        assert hers.list() == (await live.snapshot(cast.grace))["entries"]
