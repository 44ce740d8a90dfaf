"""Real browsers for tests: Debian's chromium, a context of its own for each person."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Self

from asgiref.sync import sync_to_async
from django.core.files.base import ContentFile
from playwright.async_api import Browser, BrowserContext, Page, Request, WebSocket, async_playwright

from progress.models import Course, Lesson, User
from progress.uploads import probe
from project.demo import videos
from tests.chromium import FLAGS, found
from tests.live import Live

ROWS = "[...document.querySelectorAll('#activity-feed > li')].map((row) => [row.dataset.entryId, row.dataset.type])"
TELL_OF_VIOLATIONS = """addEventListener("securitypolicyviolation", (seen) =>
    tellOfViolation(`${seen.effectiveDirective} ${seen.blockedURI} ${seen.sample} ${seen.sourceFile}`))"""
PLAY = "() => { const video = document.querySelector('video'); video.muted = true; return video.play(); }"


@dataclass(eq=False)
class Window:
    """One person's browser window: the page, what it asked for, what its sockets heard, what went wrong."""

    page: Page
    requests: list[str] = field(default_factory=list)
    frames: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    sockets: int = 0

    def watch(self) -> Self:
        """Take notes from now on."""
        self.page.on("request", self._asked)
        self.page.on("websocket", self._opened)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        return self

    def _asked(self, request: Request) -> None:
        self.requests.append(f"{request.method} {request.url}")

    def _opened(self, socket: WebSocket) -> None:
        self.sockets += 1
        socket.on("framereceived", lambda text: self.frames.append((time.time(), json.loads(text))))

    def heard(self, type: str) -> list[tuple[float, dict[str, Any]]]:
        """Frames of a type, each with the moment it came."""
        return [(at, frame) for at, frame in self.frames if frame["type"] == type]


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A headless chromium."""
    path = found()
    assert path, "These tests need Debian's chromium: apt-get install chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


async def window(browser: Browser, live: Live, person: User | None, *, web: int = 0, **options: Any) -> Window:
    """A window in a context of its own, signed in."""
    context: BrowserContext = await browser.new_context(
        base_url=f"http://{live.site.address(web)}", viewport={"width": 1280, "height": 860}, **options
    )
    if person is not None:
        cookie = {"name": "sessionid", "value": await live.session(person), "domain": "127.0.0.1", "path": "/"}
        await context.add_cookies([cookie])  # type: ignore[list-item]
    return Window(await context.new_page()).watch()


async def watch_violations(page: Page) -> list[str]:
    """What breaks a policy on this page, and its errors, from its next document on: on the console, or thrown."""
    found: list[str] = []

    def note(said: str) -> None:
        found.append(f"{page.url}: {said}")

    page.on("pageerror", lambda error: note(str(error)))
    page.on("console", lambda said: note(said.text) if said.type == "error" else None)
    await page.expose_function("tellOfViolation", note)
    await page.add_init_script(TELL_OF_VIOLATIONS)
    return found


async def shown(where: Window, type: str) -> Any:
    """Wait until a row of a type is in the list and return the row."""
    row = where.page.locator(f'#activity-feed > li[data-type="{type}"]').first
    await row.wait_for(state="attached", timeout=30_000)
    return row


async def followed(chromium: Browser, live: Live, person: User, path: str = "/dashboard/students/") -> Window:
    """A window on a page with the feed, once it is live."""
    opened = await window(chromium, live, person, web=1)
    await opened.page.goto(path)
    await until_state(opened, "live")
    return opened


async def until_state(where: Window, name: str) -> None:
    """Wait until the page says that its feed is live, refused or whatever."""
    await where.page.locator(f'.feed-status[data-status="{name}"]').wait_for()


async def add_lesson(course: Course, *, title: str, seconds: int, threshold: float = 90) -> Lesson:
    """A lesson with a real video."""

    def make() -> Lesson:
        encoder = videos.best_encoder()
        lesson = Lesson(
            course=course,
            title=title,
            slug=title.lower().replace(" ", "-"),
            duration=seconds,
            completion_threshold=threshold,
        )
        film = ContentFile(videos.make(title, seconds=seconds, ground=(30, 60, 90), encoder=encoder))
        lesson.video.save(f"{lesson.slug}{encoder.suffix}", film, save=False)
        lesson.duration = probe.read(lesson.video.path).duration
        lesson.save()
        return lesson

    return await sync_to_async(make)()
