"""Presence on the feed socket: to whoever teaches, once a second, and never a word of another's course (law 7)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from asgiref.sync import sync_to_async

from feed import presence
from progress import school
from progress.models import User
from tests.cast import Cast
from tests.live import Live, Viewer, until
from tests.test_presence import play


class Onlooker(Viewer):
    """A page with the roster: does with presence what docs/protocol.md says."""

    def __init__(self, socket: Any) -> None:
        super().__init__(socket)
        self.seats: dict[tuple[int, int], dict[str, Any]] = {}
        self.heard_at: list[float] = []

    def take(self, frame: dict[str, Any]) -> None:
        """Keep a frame, and do what it says."""
        super().take(frame)
        if frame["type"] == "presence" and not frame.get("away"):
            self.heard_at.append(time.monotonic())
            if frame["full"]:
                self.seats = {}
            for row in frame["seats"]:
                self.seats.setdefault((row["user"], row["lesson"]), {}).update(row)
            for user, lesson in frame.get("left", []):
                del self.seats[user, lesson]

    async def subscribe(self, position: dict[str, str] | None, **filters: Any) -> dict[str, Any]:
        """Subscribe with presence."""
        answers = len(self.of("subscribed"))
        self.position = position
        await self.tell({"type": "subscribe", "position": position, "filters": filters, "presence": True})
        return await self.until("subscribed", count=answers + 1)

    def states(self) -> dict[str, str]:
        """Who is there, by name."""
        return {row["name"]: row["state"] for row in self.seats.values()}

    async def until_states(self, **states: str) -> None:
        """Wait until exactly these people, by first name, are in these states."""
        of = lambda: {name.split()[0].lower(): state for name, state in self.states().items()}  # noqa: E731
        await until(lambda: of() == states, what=f"{states} in {self.frames[-3:]}")


@pytest_asyncio.fixture
async def room(live: Live) -> AsyncIterator[Live]:
    """The running site, in which nobody sits of those who sat there in other tests of this run."""
    await presence.forget({seat.user_id for seat in await presence.seats(None)})
    yield live


@contextlib.asynccontextmanager
async def onlooker(room: Live, person: User, *, web: int = 1) -> AsyncIterator[Onlooker]:
    taken = await room.snapshot(person, web=web)
    async with room.socket("/ws/feed/", person, Onlooker, web=web) as viewer:
        assert (await viewer.subscribe(taken["position"]))["recovered"]
        yield viewer


async def test_who_teaches_sees_their_students_and_nobody_else_does(room: Live, cast: Cast) -> None:
    async with (
        onlooker(room, cast.grace) as grace,
        onlooker(room, cast.admin, web=0) as admin,
        onlooker(room, cast.oscar) as oscar,
        onlooker(room, cast.bob) as bob,
        room.player(cast.ada, cast.bernoulli) as ada,
        room.player(cast.eve, cast.mosses, web=1) as eve,
    ):
        await play(ada)
        await play(eve)
        await grace.until_states(ada="playing")
        await admin.until_states(ada="playing", eve="playing")
        await oscar.until_states(eve="playing")
        assert grace.of("presence")[-1]["counts"] == {"watching": 1, "here": 1}
        assert admin.of("presence")[-1]["counts"] == {"watching": 2, "here": 2}
        [row] = grace.seats.values()
        assert (row["name"], row["title"], row["percentage"]) == ("Ada Lovelace", "Bernoulli numbers", 3)
        await play(ada, "paused")
        await grace.until_states(ada="paused")
        await admin.until_states(ada="paused", eve="playing")
        # Of the other's course nothing was ever said, in no frame, and to a student nothing at all.
        assert {row["user"] for frame in grace.of("presence") for row in frame["seats"]} == {cast.ada.pk}
        assert {row["user"] for frame in oscar.of("presence") for row in frame["seats"]} == {cast.eve.pk}
        assert not any(cast.ada.pk in left for frame in oscar.of("presence") for left in frame.get("left", []))
        assert bob.of("presence") == []
        # Whoever looks now is told all of it, which is what the others have.
        async with onlooker(room, cast.grace) as late:
            await until(lambda: late.seats == grace.seats, what=f"{late.seats} {grace.seats}")


async def test_a_changed_name_or_wish_is_told_and_lost_rights_end_it(room: Live, cast: Cast) -> None:
    async with onlooker(room, cast.grace) as grace, room.player(cast.ada, cast.bernoulli) as ada:
        await play(ada)
        await grace.until_states(ada="playing")
        cast.ada.first_name, cast.ada.name_hidden = "Augusta", True
        await asyncio.to_thread(school.save_person, cast.ada)
        assert (await grace.until("reset"))["reason"] == "renamed"
        told = len(grace.of("presence"))
        taken = await room.snapshot(cast.grace, web=1)
        await grace.subscribe(taken["position"])
        await grace.until("presence", count=told + 1)
        assert grace.of("presence")[told]["full"]
        await grace.until_states(augusta="playing")
        assert [row["name_hidden"] for row in grace.seats.values()] == [True]

        await sync_to_async(cast.botany.instructors.add)(cast.grace)  # so that something is left to see
        await asyncio.to_thread(school.set_instructors, cast.algorithms, [])
        assert (await grace.until("reset", count=2))["reason"] == "access_changed"
        told = len(grace.of("presence"))
        await grace.subscribe((await room.snapshot(cast.grace, web=1))["position"])
        await grace.until("presence", count=told + 1)
        assert grace.of("presence")[told]["seats"] == []
        await play(ada, "paused")
        async with onlooker(room, cast.admin) as admin:
            await admin.until_states(augusta="paused")  # somebody is told, on the same process
        assert grace.seats == {}


async def test_at_most_one_frame_a_second(room: Live, cast: Cast) -> None:
    async with onlooker(room, cast.grace) as grace, room.player(cast.ada, cast.bernoulli) as ada:
        while len(grace.heard_at) < 4:
            # It changes between any two looks, whenever those are.
            await play(ada, "paused" if int(time.monotonic() / 0.7) % 2 else "playing")
            await asyncio.sleep(0.05)
        gaps = [later - sooner for sooner, later in zip(grace.heard_at, grace.heard_at[1:], strict=False)]
        assert min(gaps) > 0.8, (
            gaps
        )  # when it comes is the wire's and this process's, when it is sent is a second later


async def test_one_who_does_not_read_gets_all_of_it_once_it_reads(room: Live, cast: Cast) -> None:
    from feed.layer import histories
    from tests.test_slow_viewers import FIRST_OF_OURS, MANY, padded, stop_reading

    async with (
        onlooker(room, cast.admin) as slow,
        onlooker(room, cast.admin) as reading,
        room.player(cast.ada, cast.bernoulli) as ada,
    ):
        await play(ada)
        await slow.until_states(ada="playing")
        told = len(slow.of("presence"))
        stop_reading(slow)
        for first in range(MANY.start, MANY.stop, 50):
            await histories().append([padded(number) for number in range(first, first + 50)])
            last = f"progress_update:{FIRST_OF_OURS + first + 49}"
            await until(lambda last=last: last in reading.entries)
        for state in ("paused", "playing", "paused"):
            await play(ada, state)
            await reading.until_states(ada=state)
        slow.socket.transport.resume_reading()
        await slow.until_states(ada="paused")
        later = slow.of("presence")[told:]
        assert any(frame["full"] for frame in later)
        assert len(later) < 4, later
