"""A page of another site, in the browser of somebody who is signed in here: it reads nothing, and changes nothing.

Another port of the same machine is another origin but the same site: there cookies are sent, and only tokens and Origin
stand in the way. Another name is another site. A sandboxed page has the origin `null`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.apps import apps
from django.utils import timezone
from playwright.async_api import Browser, Page
from websockets.exceptions import InvalidStatus

from progress.models import Exam, ExamAttempt, Lesson, LessonQuiz, User
from tests import browser, foreign_pages
from tests.cast import Cast
from tests.foreign_pages import NOTHING_SHOWN, SANDBOXED, fetch, framed, load, open_socket, post_form
from tests.live import Live, until
from tests.papers import ask

SUBSCRIBE = json.dumps({"type": "subscribe", "position": None, "filters": {}})
TICK = json.dumps({"type": "progress", "id": 1, "watch_percentage": 95, "timestamp": 95})
PONG = json.dumps({"type": "pong"})
FORM, TEXT = "application/x-www-form-urlencoded", "text/plain"


@pytest_asyncio.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """A headless chromium."""
    async with browser.chromium() as opened:
        yield opened


@pytest_asyncio.fixture
async def lesson(live: Live, cast: Cast) -> Lesson:
    """A lesson with a quiz, in a course with an exam that ada has begun."""

    def make() -> None:
        ask(quiz=LessonQuiz.objects.create(lesson=cast.bernoulli, title="Quiz"))
        exam = Exam.objects.create(course=cast.algorithms, title="Exam")
        ask(exam=exam)
        ExamAttempt.objects.create(
            user=cast.ada, exam=exam, course=cast.algorithms, attempt_number=1, started_at=timezone.now()
        )

    await sync_to_async(make)()
    return cast.bernoulli


@pytest_asyncio.fixture
async def victim(live: Live, lesson: Lesson, cast: Cast, chromium: Browser) -> AsyncIterator[Page]:
    """A window of ada's."""
    async with signed_in(chromium, live, cast.ada) as page:
        yield page


@contextlib.asynccontextmanager
async def signed_in(chromium: Browser, live: Live, person: User) -> AsyncIterator[Page]:
    """A window in which somebody signed in by the form: its cookies are those that the site sets."""

    def give_password() -> None:
        person.set_password("demo")
        person.save()

    await sync_to_async(give_password)()
    page = (await browser.window(chromium, live, None)).page
    await page.goto("/accounts/login/")
    await page.get_by_label("User name").fill(person.username)
    await page.get_by_label("Password").fill("demo")
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"http://{live.site.address()}/")
    yield page
    await page.context.close()


@pytest.fixture
def foreign() -> Iterator[list[str]]:
    """The addresses of other sites' pages: same site, another site, sandboxed."""
    with foreign_pages.served() as port:
        names = ("127.0.0.1", "localhost", "127.0.0.1")
        yield [f"http://{name}:{port}{path}" for name, path in zip(names, ("/", "/", SANDBOXED), strict=True)]


@sync_to_async
def everything() -> dict[str, list[dict[str, Any]]]:
    """All that is stored of people, their work and their sessions."""
    stored = [
        model for model in apps.get_models() if model._meta.app_label in ("progress", "auth", "sessions", "admin")
    ]
    rows = {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in stored}
    for each in rows["progress.Outbox"]:
        del each["live_done_at"]  # the worker's, whenever it comes to it
    return rows


def says_403(said: list[str], url: str) -> bool:
    """Whether the console says that the server refused this socket; it does so in its own time."""
    return any(url in line and "Unexpected response code: 403" in line for line in said)


async def test_it_opens_no_socket(live: Live, victim: Page, lesson: Lesson, foreign: list[str]) -> None:
    base = f"ws://{live.site.address()}"
    sockets = {f"{base}/ws/feed/": SUBSCRIBE, f"{base}/ws/lessons/{lesson.pk}/progress/": TICK}
    for url, frame in sockets.items():
        harmless = PONG if frame == TICK else frame  # a tick would be committed at some later moment
        assert (await open_socket(victim, url, harmless))["heard"] != []  # from our own page it opens
    before = await everything()
    said: list[str] = []
    victim.on("console", lambda line: said.append(line.text))
    for page in foreign:
        await victim.goto(page)
        said.clear()
        for url, frame in sockets.items():
            assert await open_socket(victim, url, frame) == {"heard": [], "code": 1006}, page
            await until(partial(says_403, said, url), what=f"a refusal of {url} on {page}")
    assert await everything() == before


async def test_it_posts_no_form(live: Live, victim: Page, lesson: Lesson, foreign: list[str]) -> None:
    base, before = f"http://{live.site.address()}", await everything()
    attempt = await ExamAttempt.objects.aget()
    forms: dict[str, dict[str, str]] = {
        "/accounts/logout/": {},
        "/accounts/login/": {"username": "admin", "password": "demo"},
        "/accounts/password_reset/": {"email": "ada@school.example"},
        f"/courses/algorithms/{lesson.slug}/quiz/": {"submission": "x"},
        "/courses/algorithms/exam/": {"attempt": str(attempt.pk)},
        "/admin/logout/": {},
    }
    texts = {path: {body[:-1] + ', "x': '": 1}'} for path, body in (await calls(lesson)).items()}  # JSON, as text/plain
    for page in foreign:
        for enctype, asked in ((FORM, forms), (TEXT, texts)):
            for path, fields in asked.items():
                await victim.goto(page)
                assert await post_form(victim, base + path, fields, enctype) in (401, 403), (page, path)
    assert await everything() == before
    await victim.goto(f"{base}/")
    assert await victim.get_by_text("Ada Lovelace").is_visible()  # still signed in, as herself


async def test_it_calls_nothing(live: Live, victim: Page, lesson: Lesson, foreign: list[str]) -> None:
    base, before = f"http://{live.site.address()}", await everything()
    types = ({"Content-Type": TEXT}, {"Content-Type": "application/json", "X-CSRFToken": "x" * 32})
    for page in foreign:
        await victim.goto(page)
        for path, body in (await calls(lesson)).items():
            for mode, headers in zip(("no-cors", "cors"), types, strict=True):
                answer = await fetch(victim, base + path, method="POST", mode=mode, body=body, headers=headers)
                assert answer == ["TypeError"], (page, path, mode)  # not even whether it answered
    assert await everything() == before


async def calls(lesson: Lesson) -> dict[str, str]:
    """What the API could be asked to change or to tell, each with a body that would do."""
    exam, attempt = await Exam.objects.aget(), await ExamAttempt.objects.aget()
    return {
        f"/api/lessons/{lesson.pk}/complete/": '{"any": 1}',
        f"/api/lessons/{lesson.pk}/progress/": '{"watch_percentage": 95, "timestamp": 95}',
        f"/api/lessons/{lesson.pk}/quiz/": '{"answers": {}}',
        f"/api/exams/{exam.pk}/attempts/": '{"any": 1}',
        f"/api/attempts/{attempt.pk}/": '{"answers": {}}',
        "/api/feed/after/": '{"position": {}, "filters": {}}',
    }


async def test_it_reads_nothing(live: Live, victim: Page, cast: Cast, foreign: list[str]) -> None:
    lesson = await browser.add_lesson(cast.algorithms, title="Short film", seconds=2)
    base, before = f"http://{live.site.address()}", await everything()
    reads = ["/api/courses/", "/api/feed/", "/api/openapi.json", "/", "/me/activity/"]
    film = f"/courses/algorithms/{lesson.slug}/video/"
    loads = [("video", film), ("img", "/static/favicon.svg"), ("script", "/static/js/times.js"), ("script", reads[0])]
    assert (await fetch(victim, f"{base}/api/courses/"))[:2] == ["basic", 200]
    assert [await load(victim, tag, base + path) for tag, path in loads[:2]] == ["loaded"] * 2
    for page in foreign:
        await victim.goto(page)
        for path in reads:
            assert await fetch(victim, base + path) == ["TypeError"], (page, path)
            assert await fetch(victim, base + path, mode="no-cors") == ["TypeError"], (page, path)
        assert [await load(victim, tag, base + path) for tag, path in loads] == ["refused"] * 4, page
    assert await everything() == before


async def test_it_frames_nothing(live: Live, victim: Page, lesson: Lesson, foreign: list[str]) -> None:
    base = f"http://{live.site.address()}"
    paths = ["/", "/me/activity/", "/accounts/login/", "/admin/login/", "/api/docs", "/api/courses/", "/nowhere/"]
    paths += [f"/courses/algorithms/{lesson.slug}/quiz/", "/static/favicon.svg"]
    for page in foreign:
        await victim.goto(page)
        assert await framed(victim, foreign[0]) == foreign[0]
        for path in paths:
            assert await framed(victim, base + path) == NOTHING_SHOWN, (page, path)


async def test_it_does_nothing_in_the_name_of_an_administrator(
    live: Live, lesson: Lesson, cast: Cast, chromium: Browser, foreign: list[str]
) -> None:
    forms = {
        "user/add/": {"username": "mallory", "usable_password": "false"},
        f"user/{cast.ada.pk}/delete/": {"post": "yes"},
        f"course/{cast.algorithms.pk}/change/": {"title": "Mine", "slug": "mine"},
        "user/": {"action": "delete_selected", "_selected_action": str(cast.ada.pk), "post": "yes"},
        "user/import/": {"confirm": "yes"},
    }
    base = f"http://{live.site.address()}/admin/progress/"
    async with signed_in(chromium, live, cast.admin) as page:
        before = await everything()
        for path, fields in forms.items():
            await page.goto(foreign[0])
            assert await post_form(page, base + path, fields, FORM) == 403, path
        assert await everything() == before


@pytest.mark.parametrize("path", ["/ws/feed/", "/ws/lessons/{}/progress/"])
async def test_a_server_refuses_every_other_origin_to_whoever_is_signed_in(live: Live, cast: Cast, path: str) -> None:
    host, port = live.site.address().split(":")
    session = await live.session(cast.ada)
    for origin in (
        f"https://{host}:{port}",
        f"http://{host}:{int(port) + 1}",
        f"http://{host}",
        f"http://localhost:{port}",
        f"http://www.{host}:{port}",
    ):
        with pytest.raises(InvalidStatus) as refused:
            async with live.socket(path.format(cast.bernoulli.pk), cast.ada, session=session, origin=origin):
                raise AssertionError(f"open for {origin}")
        assert refused.value.response.status_code == 403
    async with live.socket(path.format(cast.bernoulli.pk), cast.ada, session=session) as client:
        await client.tell(SUBSCRIBE)
        async with asyncio.timeout(15):
            await client.until("subscribed" if path == "/ws/feed/" else "welcome")
