"""A class at work while pictures are taken: some play, some have paused, and two need somebody."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async

if TYPE_CHECKING:  # all of these need settings, and settings need services
    from progress.models import Lesson, User
    from tests.live import Live, Player

AT_WORK = (
    ("what-is-an-algorithm", 0.35, "playing"),
    ("what-is-an-algorithm", 0.8, "playing"),
    ("bernoulli-numbers", 0.2, "playing"),
    ("bernoulli-numbers", 0.55, "paused"),
    ("sorting-by-merging", 0.45, "playing"),
    ("sorting-by-merging", 0.7, "playing"),
    ("sorting-by-merging", 0.15, "paused"),
    ("searching-by-halves", 0.6, "playing"),
    ("searching-by-halves", 0.3, "playing"),
    ("how-long-does-it-take", 0.25, "playing"),
    ("how-long-does-it-take", 0.5, "paused"),
)
"""Lesson, how much of it is watched at first, and what the player does then; a student for each."""

EVERY = 5.0
STEP = 0.5
"""Seconds between two ticks, and how far a player has come by each: it goes on for as long as pictures take."""


@contextlib.asynccontextmanager
async def at_work(live: Live) -> AsyncIterator[None]:
    """The class studies until this ends."""
    from progress.models import Lesson
    from project.demo import students

    class_ = await sync_to_async(students.make)(len(AT_WORK) + 1)
    lessons = {lesson.slug: lesson async for lesson in Lesson.objects.all()}
    await sync_to_async(_needing)(class_[6], class_[-1])
    async with contextlib.AsyncExitStack() as sockets:
        playing = []
        for person, (slug, share, state) in zip(class_[: len(AT_WORK)], AT_WORK, strict=True):
            player = await sockets.enter_async_context(live.player(person, lessons[slug]))
            await _begin(player, person, lessons[slug], share, state)
            if state == "playing":
                playing.append(asyncio.create_task(_go_on(player, lessons[slug], share)))
        try:
            yield
        finally:
            for task in playing:
                task.cancel()
            await asyncio.gather(*playing, return_exceptions=True)


def _needing(failing: User, gone: User) -> None:
    """One has failed a quiz twice, one was here days ago."""
    from django.utils import timezone

    from progress.models import Enrollment, Lesson, LessonQuiz
    from tests.attention import facts

    facts.failed(failing, LessonQuiz.objects.get(lesson__slug="sorting-by-merging"), 20, 45, ago=timedelta(minutes=9))
    Enrollment.objects.filter(user=gone).update(enrolled_at=timezone.now() - timedelta(days=20))
    facts.began(gone, Lesson.objects.get(slug="bernoulli-numbers"), ago=timedelta(days=5), percentage=31)


async def _begin(player: Player, person: User, lesson: Lesson, share: float, state: str) -> None:
    from progress.models import UserProgress

    rows = UserProgress.objects.filter(user=person, lesson=lesson)
    await rows.aupdate(budget_seconds=86_400)  # time that has passed already: nobody waits for these pictures
    await _tick(player, lesson, 1, 0.0, lesson.duration * share, state)


async def _go_on(player: Player, lesson: Lesson, share: float) -> None:
    second, id = lesson.duration * share, 1
    while True:
        await asyncio.sleep(EVERY)
        id += 1
        to = min(second + STEP, float(lesson.duration))
        await _tick(player, lesson, id, min(second, to - STEP), to, "playing")
        second = to


async def _tick(player: Player, lesson: Lesson, id: int, begin: float, to: float, state: str) -> None:
    await player.tick(
        id=id,
        player="at work",
        watch_percentage=100 * to / lesson.duration,
        timestamp=to,
        segments=[[begin, to]],
        state=state,
    )
