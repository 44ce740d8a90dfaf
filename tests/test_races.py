"""Races on two real processes: one row, one completion, one entry."""

from __future__ import annotations

import asyncio

from progress.models import Lesson, Outbox, UserProgress
from tests.conftest import Cast
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
