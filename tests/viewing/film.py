"""The stage of a scenario: one student, one film, a browser, and a cable to the site that can be cut."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import PurePath

from django.db.models import F
from playwright.async_api import Browser, BrowserContext, Error, expect

from progress.models import Lesson, User, UserProgress
from progress.video import CONTENT_TYPES
from tests import browser
from tests.browser import Window
from tests.cable import Cable
from tests.cast import Cast
from tests.live import Live, until
from tests.viewing.players import Player
from tests.viewing.truth import Truth

LIMIT = 90_000.0
"""Milliseconds that a film may take to get somewhere."""

PLACE = "() => document.querySelector('video').currentTime"
IS_THERE = "(to) => { const film = document.querySelector('video'); return film.currentTime >= to || film.ended; }"
HAS_ALL = """() => {
    const { buffered, duration } = document.querySelector('video');
    return buffered.length === 1 && buffered.start(0) === 0 && buffered.end(0) >= duration - 0.1;
}"""
NOTHING_KEPT = "() => !Object.keys(localStorage).some((key) => key.startsWith('ticks:'))"


@dataclass(eq=False)
class Viewing:
    """A lesson's page that is open: what the student does there."""

    window: Window
    player: Player

    async def play(self) -> None:
        """Press play."""
        await self.window.page.evaluate(self.player.play)

    async def pause(self) -> float:
        """Press pause; return where it stands."""
        await self.window.page.evaluate(self.player.pause)
        await self.window.page.wait_for_function("() => document.querySelector('video').paused")
        return await self.place()

    async def seek(self, to: float) -> float:
        """Go there; return where it stood."""
        return float(await self.window.page.evaluate(self.player.seek, to))

    async def speed(self, rate: float) -> None:
        """Play at that speed from now on."""
        await self.window.page.evaluate(self.player.speed, rate)

    async def place(self) -> float:
        """Where the film stands."""
        return float(await self.window.page.evaluate(PLACE))

    async def until(self, place: float) -> None:
        """Let it play until there, or to the end."""
        await self.window.page.wait_for_function(IS_THERE, arg=place, timeout=LIMIT)

    async def play_until(self, place: float) -> float:
        """Play until there, and pause; return where it stands."""
        await self.play()
        await self.until(place)
        return await self.pause()

    async def play_out(self) -> None:
        """Play to the end."""
        await self.play()
        await self.until_over()

    async def until_over(self) -> None:
        """Let it play to the end."""
        await self.window.page.wait_for_function("() => document.querySelector('video').ended", timeout=LIMIT)

    async def has_all(self) -> None:
        """Wait until the whole film has been loaded: what follows needs no network to play."""
        await self.window.page.wait_for_function(HAS_ALL, timeout=LIMIT)

    async def saved(self) -> None:
        """Wait until the server has acked everything, and this browser keeps nothing for it."""
        await expect(self.window.page.locator("[data-saved]")).to_have_attribute("data-saved", "saved", timeout=LIMIT)
        await self.window.page.wait_for_function(NOTHING_KEPT, timeout=LIMIT)

    async def shown(self) -> float:
        """The percentage on the page: what the server acked."""
        value = await self.window.page.locator("[data-slot=watch_percentage]").first.get_attribute("value")
        return float(value or 0)

    async def crash(self) -> None:
        """Its process dies: no event, no last word."""
        page = self.window.page
        session = await page.context.new_cdp_session(page)
        async with page.expect_event("crash"):
            dying = asyncio.create_task(session.send("Page.crash"))
        dying.cancel()
        with contextlib.suppress(asyncio.CancelledError, Error):
            await dying
        await page.close()


@dataclass(eq=False)
class Film:
    """A film in a lesson, and everything that any page has played of it."""

    live: Live
    chromium: Browser
    cable: Cable
    student: User
    lesson: Lesson
    player: Player
    truth: Truth = field(default_factory=Truth)
    viewings: list[Viewing] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    """How lines of a console begin that are no fault of the page's."""

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.lesson.duration

    @property
    def path(self) -> str:
        """Its page."""
        return f"/courses/{self.lesson.course.slug}/{self.lesson.slug}/"

    async def context(self) -> BrowserContext:
        """A browser of the student's that knows nothing yet."""
        window = await browser.window(
            self.chromium,
            self.live,
            self.student,
            bypass_csp=bool(self.player.made),  # a school that takes video.js allows its styles
        )
        context = window.page.context
        await window.page.close()
        await self.truth.observe(context)
        suffix = PurePath(str(self.lesson.video.name)).suffix
        await self.player.enter(context, path=self.path, type=CONTENT_TYPES[suffix])
        return context

    async def open(self, context: BrowserContext | None = None) -> Viewing:
        """The lesson's page, welcomed by the server."""
        context = context or await self.context()
        viewing = Viewing(Window(await context.new_page()).watch(), self.player)
        self.viewings.append(viewing)
        await viewing.window.page.goto(f"http://127.0.0.1:{self.cable.port}{self.path}")
        await until(lambda: viewing.window.heard("welcome"), what=f"a welcome; {viewing.window.errors}")
        if self.player.made:
            await viewing.window.page.wait_for_function("() => videojs.getAllPlayers().length")
        return viewing

    async def offline(self, context: BrowserContext) -> None:
        """The network is gone: every connection falls, none comes about, and the browser knows it."""
        self.expected += ["WebSocket connection to", "Failed to load resource"]
        self.cable.cut()
        await context.set_offline(True)

    async def online(self, context: BrowserContext) -> None:
        """It is back."""
        self.cable.mend()
        await context.set_offline(False)

    def errors(self) -> list[str]:
        """What went wrong on open pages."""
        told = [error for viewing in self.viewings for error in viewing.window.errors]
        return [error for error in told if not error.startswith(tuple(self.expected))]

    async def row(self) -> UserProgress:
        """What is stored."""
        return await UserProgress.objects.aget(user=self.student, lesson=self.lesson)

    async def pass_time(self, time: timedelta) -> None:
        """Let the row's clock be as though everything so far had happened that much earlier."""
        changed = await UserProgress.objects.filter(user=self.student, lesson=self.lesson).aupdate(
            budget_at=F("budget_at") - time, started_at=F("started_at") - time, last_accessed=F("last_accessed") - time
        )
        assert changed == 1


@contextlib.asynccontextmanager
async def shot(live: Live, cast: Cast, player: Player, *, seconds: int) -> AsyncIterator[Film]:
    """A film of that length, which ada has never seen."""
    lesson = await browser.add_lesson(cast.algorithms, title="Film", seconds=seconds)
    host, port = live.site.address().split(":")
    async with browser.chromium() as chromium, Cable(host, int(port)) as cable:
        yield Film(live, chromium, cable, cast.ada, lesson, player)
