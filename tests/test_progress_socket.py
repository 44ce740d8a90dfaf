"""The student's socket, live: welcome, acks, and answers to what cannot be."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from progress import lessons
from progress.models import UserProgress
from tests.cast import Cast
from tests.live import Live, until

GOOD = {"type": "progress", "id": 12, "watch_percentage": 45.5, "timestamp": 45}


async def test_a_student_is_welcomed_with_where_they_left_off(live: Live, cast: Cast) -> None:
    async with live.player(cast.ada, cast.bernoulli) as player:
        assert player.of("welcome") == [
            {
                "type": "welcome",
                "lesson": cast.bernoulli.pk,
                "position": 0,
                "watch_percentage": 0,
                "status": "not_started",
                "completed": False,
                "segments": [],
                "threshold": 90,
            }
        ]
        tick = {"id": 1, "player": "p", "segments": [[0, 2.5]], "state": "playing"}
        await player.tick(**tick, watch_percentage=2.5, timestamp=2.5)
    async with live.player(cast.ada, cast.bernoulli, web=1) as player:
        [welcome] = player.of("welcome")
        assert (welcome["position"], welcome["watch_percentage"]) == (2.5, 2.5)
        assert (welcome["status"], welcome["segments"]) == ("in_progress", [[0, 2.5]])


@pytest.mark.parametrize(
    ("frame", "id", "code"),
    [
        ({**GOOD, "watch_percentage": 101}, 12, "invalid_percentage"),
        ({**GOOD, "watch_percentage": "45"}, 12, "invalid_percentage"),
        ({**GOOD, "watch_percentage": False}, 12, "invalid_percentage"),
        ('{"type": "progress", "id": 12, "watch_percentage": NaN, "timestamp": 1}', 12, "invalid_percentage"),
        ({**GOOD, "timestamp": -1}, 12, "invalid_timestamp"),
        ({**GOOD, "timestamp": 1e12}, 12, "invalid_timestamp"),
        ({**GOOD, "segments": "all"}, 12, "invalid_segments"),
        ({**GOOD, "id": "12"}, None, "invalid_id"),
        ({**GOOD, "id": True}, None, "invalid_id"),
        ({"type": "gossip", "id": 12}, 12, "unknown_type"),
        ({"id": 12}, 12, "unknown_type"),
        ("not json", None, "invalid_json"),
        ("", None, "invalid_json"),
        ("[1, 2]", None, "invalid_frame"),
        (b"\x00\x01", None, "binary_frame"),
    ],
)
async def test_a_bad_frame_is_answered_with_its_code_and_the_socket_goes_on(
    live: Live, cast: Cast, frame: Any, id: int | None, code: str
) -> None:
    async with live.player(cast.ada, cast.bernoulli) as player:
        await player.tell(frame)
        error = await player.until("error")
        assert (error["id"], error["code"]) == (id, code)
        assert error["detail"]
        assert (await player.watch(to=7))["watch_percentage"] == 7
    assert (await UserProgress.objects.aget()).video_watch_percentage == 7


async def test_twenty_bad_frames_in_a_row_close_and_a_good_one_between_forgives(live: Live, cast: Cast) -> None:
    async with live.player(cast.ada, cast.bernoulli) as player:
        for _ in range(19):
            await player.tell("nonsense")
        await player.watch(to=1)
        for _ in range(20):
            await player.tell("nonsense")
        assert await player.until_closed() == 4000
        assert len(player.of("error")) == 39


async def test_an_over_long_frame_is_closed_with_1009_and_a_long_enough_one_is_not(live: Live, cast: Cast) -> None:
    async with live.player(cast.ada, cast.bernoulli) as player:
        segments = [[n / 1000, n / 1000 + 0.001] for n in range(400)]
        assert 6000 < len(json.dumps(segments)) < 8000
        await player.tick(id=1, player="p", watch_percentage=0, timestamp=0, segments=segments)
        await player.tell("x" * 8193)
        assert await player.until_closed() == 1009


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", None])
@pytest.mark.parametrize("path", ["/ws/feed/", "/ws/lessons/1/progress/"])
async def test_a_foreign_or_missing_origin_is_refused_with_403(
    live: Live, cast: Cast, origin: str | None, path: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with live.socket(path, cast.admin, origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_an_address_without_a_socket_is_refused_with_403(live: Live, cast: Cast) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with live.socket("/ws/nothing/", cast.admin):
            pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("id", ["0", "987654321", str(2**63 - 1), str(2**63), "9" * 1000])
async def test_a_lesson_that_is_not_there_closes_with_4403(live: Live, cast: Cast, id: str) -> None:
    async with live.socket(f"/ws/lessons/{id}/progress/", cast.ada) as socket:
        assert await socket.until_closed() == 4403


async def test_who_asks_for_a_lesson_beyond_any_id_turns_nobody_else_away(live: Live, cast: Cast) -> None:
    """Sockets that open at one moment are looked up by one question to the database."""
    asked = [(cast.ada, cast.bernoulli.pk), (cast.eve, 2**63), (cast.eve, 10**30), (cast.bob, cast.bernoulli.pk)]
    assert await asyncio.gather(*(lessons.studies(person.pk, id) for person, id in asked)) == [True, False, False, True]


async def test_at_sigterm_every_socket_is_told_to_come_again_and_what_was_acked_is_there(
    live: Live, cast: Cast
) -> None:
    async with (
        live.player(cast.ada, cast.bernoulli, web=1) as player,
        live.feed(cast.admin, web=1) as admin,
        live.feed(cast.admin, web=0) as other,
    ):
        await player.watch(to=95)
        try:
            assert live.site.end("web1") == 0
        finally:
            live.site.start("web1")
        assert await player.until_closed() == 1012
        assert await admin.until_closed() == 1012
        await other.until_shown("lesson_completed")
    live.site.wait_ready(1)
    assert (await UserProgress.objects.aget()).completed
    async with live.player(cast.ada, cast.bernoulli, web=1) as player:
        assert player.of("welcome")[0]["completed"]


async def test_what_a_process_left_untold_when_it_was_killed_is_told_by_the_worker(live: Live, cast: Cast) -> None:
    async with live.player(cast.ada, cast.bernoulli) as player, live.feed(cast.admin, web=1) as admin:
        async with live.stopped("worker"):
            await player.watch(to=95)
            await admin.until_shown("lesson_completed")
        # As if the process had died between commit and publish.
        await live.untell()
        count = len(admin.of("entries"))
        await until(lambda: len(admin.of("entries")) > count, within=30)  # it starts first
        assert admin.list() == (await live.snapshot(cast.admin))["entries"]
