"""The feed socket, live: who gets what, in order, once."""

from __future__ import annotations

from tests.cast import Cast
from tests.live import Live, Viewer, until


async def test_an_entry_appears_at_an_entitled_viewer_on_another_process(live: Live, cast: Cast) -> None:
    async with live.feed(cast.grace, web=1) as hers, live.player(cast.ada, cast.bernoulli) as player:
        ack = await player.watch(to=55)
        assert ack == {"type": "ack", "id": 1, "watch_percentage": 55.0, "status": "in_progress", "completed": False}
        entry = await hers.until_shown("progress_update")
    assert entry["user"] == {"id": cast.ada.pk, "name": "Ada Lovelace"}
    assert entry["lesson"] == {"id": cast.bernoulli.pk, "slug": "bernoulli", "title": "Bernoulli numbers"}
    assert entry["data"] == {"watch_percentage": 55.0, "status": "in_progress", "claimed": True}


async def test_instructor_of_another_course_never_receives_the_entry(live: Live, cast: Cast) -> None:
    async with live.feed(cast.grace) as hers, live.feed(cast.oscar) as his:
        async with live.player(cast.ada, cast.bernoulli) as player:
            await player.watch(to=95)
        await hers.until_shown("lesson_completed")  # somebody received it
        async with live.player(cast.eve, cast.mosses) as player:
            await player.watch(to=95)
        await his.until_shown("lesson_completed")  # and what comes after it has come
        assert {entry["course"]["slug"] for entry in his.entries.values()} == {"botany"}
        assert {entry["course"]["slug"] for entry in hers.entries.values()} == {"algorithms"}


async def test_live_equals_reload_for_each_kind_of_viewer(live: Live, cast: Cast) -> None:
    async with (
        live.feed(cast.admin) as admin,
        live.feed(cast.grace, web=1) as grace,
        live.feed(cast.ada, web=1) as ada,
        live.feed(cast.admin, type="lesson_completed") as filtered,
        live.feed(cast.admin, q="moog") as searching,
    ):
        async with live.player(cast.ada, cast.bernoulli) as hers, live.player(cast.bob, cast.bernoulli, web=1) as his:
            for percentage in (10, 50, 52, 55, 61, 89.999, 90, 100):
                await hers.watch(to=percentage)
                await his.watch(to=percentage)
        for viewer, person, filters, count in (
            (admin, cast.admin, {}, 4),
            (grace, cast.grace, {}, 4),
            (ada, cast.ada, {}, 2),
            (filtered, cast.admin, {"type": "lesson_completed"}, 2),
            (searching, cast.admin, {"q": "moog"}, 2),
        ):
            fresh = (await live.snapshot(person, **filters))["entries"]
            assert len(fresh) == count
            await until(lambda v=viewer, f=fresh: v.list() == f, what=f"{viewer.list()} to equal {fresh}")


async def test_what_happened_while_away_is_replayed_once_and_in_order(live: Live, cast: Cast) -> None:
    before = (await live.snapshot(cast.admin))["position"]
    async with live.feed(cast.admin) as watching, live.player(cast.ada, cast.bernoulli) as player:
        for percentage in (50, 55, 60, 95):
            await player.watch(to=percentage)
        await watching.until_shown("lesson_completed")
    async with live.socket("/ws/feed/", cast.admin, Viewer) as back:
        answer = await back.subscribe(before)
        assert answer == {"type": "subscribed", "recovered": True, "position": before}
        await until(lambda: back.position == watching.position, what="the replay")
    replayed = [entry["id"] for frame in back.of("entries") for entry in frame["entries"]]
    assert len(replayed) == 5
    assert back.list() == watching.list()


async def test_a_position_that_cannot_be_is_not_recovered(live: Live, cast: Cast) -> None:
    async with live.socket("/ws/feed/", cast.admin, Viewer) as page:
        for position in (
            None,
            {},
            {"feed.all": "no mark"},
            {"feed.all": "deadbeef00000000000.7"},
            {"feed.all": "x" * 33},
            {"feed.course.1": "deadbeef00000000000.7"},
        ):
            assert not (await page.subscribe(position))["recovered"]


async def test_one_who_may_see_nothing_is_turned_away(live: Live, cast: Cast) -> None:
    async with live.socket("/ws/feed/", cast.olga) as hers:
        assert await hers.until_closed() == 4403
    async with live.socket("/ws/feed/", None) as nobodys:
        assert await nobodys.until_closed() == 4401
    async with live.socket(f"/ws/lessons/{cast.bernoulli.pk}/progress/", cast.eve) as hers:
        assert await hers.until_closed() == 4403
    async with live.socket(f"/ws/lessons/{cast.bernoulli.pk}/progress/", cast.grace) as hers:
        assert await hers.until_closed() == 4403
