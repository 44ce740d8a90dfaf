"""Pictures of every page, for the docs: `python -m tests.screenshots` fills docs/images/.

It brings its own services, site and students, lets them do what students do, and ends all that it started.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:  # all of these need settings, and settings need our services
    from playwright.async_api import Browser, Page

    from progress.models import User
    from tests.live import Live

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"

DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
VARIANTS: dict[str, tuple[dict[str, int], dict[str, Any]]] = {
    "light": (DESK, {"color_scheme": "light"}),
    "dark": (DESK, {"color_scheme": "dark"}),
    "phone": (PHONE, {"color_scheme": "light", "is_mobile": True, "has_touch": True}),
}

PAGES = (
    ("login", None, "/accounts/login/"),
    ("home", "ada", "/"),
    ("course", "ada", "/courses/algorithms/"),
    ("settings", "ada", "/me/settings/"),
    ("lesson", "ada", "/courses/algorithms/bernoulli-numbers/"),
    ("quiz", "ada", "/courses/algorithms/sorting-by-merging/quiz/"),
    ("exam", "bob", "/courses/algorithms/exam/"),
    ("certificate", None, "/certificates/{certificate}/"),
    ("password-reset", None, "/accounts/password_reset/"),
    ("admin-lesson", "admin", "/admin/progress/lesson/{lesson}/change/"),
    ("dashboard", "admin", "/dashboard/"),
    ("dashboard-instructor", "oscar", "/dashboard/"),
    ("students", "admin", "/dashboard/students/"),
    ("students-filtered", "admin", "/dashboard/students/?q=ada&type=lesson_completed&type=progress_update"),
    ("class-view", "admin", "/dashboard/students/?view=class"),
    ("student", "grace", "/dashboard/students/{student}/"),
    ("confirm-lesson", "grace", "/dashboard/students/{student}/lessons/{lesson}/confirm/"),
    ("insight", "grace", "/dashboard/courses/algorithms/"),
    ("activity", "ada", "/me/activity/"),
    ("students-past", "grace", "/dashboard/students/?until={yesterday}"),
    ("ops", "olga", "/ops/"),
    ("ops-action", "olga", "/ops/drain/"),
    ("password-reset-done", None, "/accounts/password_reset/done/"),
    ("kept-mail", None, "/accounts/outbox/"),
    ("403", "ada", "/ops/"),
    ("404", "ada", "/courses/algorithms/no-such-lesson/"),
    ("500", "ada", "/courses/algorithms/fails/"),
)
"""Name, who looks (None: nobody signed in), address; in braces what the demo's database calls it: `{student}` is ada,
`{lesson}` Bernoulli's, `{certificate}` ada's, `{yesterday}` a date. A new page is a line here."""

WATCHED = (
    (4000, "eve", "how-a-leaf-works", 1.0),
    (1700, "ada", "what-is-an-algorithm", 1.0),
    (1460, "bob", "what-is-an-algorithm", 0.97),
    (240, "eve", "from-seed-to-tree", 0.62),
    (95, "bob", "bernoulli-numbers", 0.55),
    (61, "ada", "sorting-by-merging", 1.0),
    (18, "ada", "searching-by-halves", 0.93),
    (6, "bob", "sorting-by-merging", 0.71),
    (0, "ada", "bernoulli-numbers", 0.4),
)
"""Minutes ago, who, which lesson, and how much of it."""

PLAYING = """() => {
    const video = document.querySelector("video");
    video.muted = true;
    return video.play();
}"""


def main() -> None:
    """Take every picture."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # as an exception, so that all that was started ends
    with _site_settings() as folder:
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        call_command("demo", verbosity=0)
        asyncio.run(_all(folder))


@contextlib.contextmanager
def _site_settings() -> Iterator[Path]:
    """Services of our own, said to settings; a folder for what must not stay."""
    from project import embedded

    with (
        tempfile.TemporaryDirectory(prefix="feed-pictures-") as name,
        embedded.services(Path(name), durable=False) as services,
    ):
        folder = Path(name)
        os.environ |= {
            "DATABASE_URL": services.database_url,
            "REDIS_URL": services.redis_url,
            "MEDIA_ROOT": str(folder / "media"),
            "SECRET_KEY": uuid.uuid4().hex,
            "DEBUG": "true",
            "DJANGO_SETTINGS_MODULE": "project.settings",
        }
        yield folder


async def _all(folder: Path) -> None:
    from django.utils import timezone

    from progress import database
    from progress.models import Certification, Lesson, User
    from tests import browser
    from tests.class_at_work import at_work
    from tests.live import Live, Site

    people = {user.username: user async for user in User.objects.all()}
    await database.open_pool()
    with Site(folder, webs=1) as site:
        async with Live(site) as live, browser.chromium() as chromium:
            for minutes, username, slug, share in WATCHED:
                await _watch(live, people[username], slug, share, minutes_ago=minutes)
            await _claim(live, people["bob"], "searching-by-halves", 64.0, minutes_ago=44)
            await _examine(people)
            named = {
                "certificate": (await Certification.objects.aget(user=people["ada"])).certificate_id,
                "lesson": (await Lesson.objects.aget(slug="bernoulli-numbers")).pk,
                "student": people["ada"].pk,
                "yesterday": (timezone.localdate() - timedelta(days=1)).isoformat(),
            }
            IMAGES.mkdir(parents=True, exist_ok=True)
            async with at_work(live):
                for variant in VARIANTS:
                    for name, username, path in PAGES:
                        person = people[username] if username else None
                        async with _page(chromium, live, person, variant) as page:
                            await _look(page, name, path.format(**named), person)
                            await _take(page, IMAGES / f"{name}-{variant}.png")
    await database.close()


async def _watch(live: Live, person: User, slug: str, share: float, *, minutes_ago: int) -> None:
    """Play the first `share` of a lesson over its socket, as the player reports it."""
    from progress.models import Lesson, UserProgress

    lesson = await Lesson.objects.aget(slug=slug)
    end = lesson.duration * share
    async with live.player(person, lesson) as player:
        rows = UserProgress.objects.filter(user=person, lesson=lesson)
        await rows.aupdate(budget_seconds=86_400)  # time that has passed already: nobody waits for these pictures
        for id, (begin, to) in enumerate([(0.0, end / 2), (end / 2, end)], start=1):
            await player.tick(
                id=id,
                player="pictures",
                watch_percentage=100 * to / lesson.duration,
                timestamp=to,
                segments=[[begin, to]],
                state="playing",
            )
    await _backdate(person, slug, minutes_ago)


async def _claim(live: Live, person: User, slug: str, percentage: float, *, minutes_ago: int) -> None:
    """Say a percentage over HTTP, as a player does that does not know its segments."""
    from progress.models import Lesson

    lesson = await Lesson.objects.aget(slug=slug)
    client = await live.http(person)
    told = {"watch_percentage": percentage, "timestamp": percentage / 100 * lesson.duration}
    (await client.post(f"/api/lessons/{lesson.pk}/progress/", json=told)).raise_for_status()
    await _backdate(person, slug, minutes_ago)


async def _backdate(person: User, slug: str, minutes: int) -> None:
    from django.db.models import F

    from progress.models import UserProgress

    earlier = timedelta(minutes=minutes)
    rows = UserProgress.objects.filter(user=person, lesson__slug=slug)
    await rows.aupdate(announced_at=F("announced_at") - earlier, completed_at=F("completed_at") - earlier)


async def _examine(people: dict[str, User]) -> None:
    """Attempts at the exam and a certificate, with their references: nothing writes them yet but tests."""
    from asgiref.sync import sync_to_async
    from django.db import transaction
    from django.utils import timezone

    from progress import outbox
    from progress.models import Certification, Course, Exam, ExamAttempt, Outbox

    @transaction.atomic
    def write() -> None:
        exam = Exam.objects.get(course__slug="algorithms")
        botany = Course.objects.get(slug="botany")
        now = timezone.now()
        for username, number, score, minutes in (("bob", 1, 48.0, 1320), ("bob", 2, 85.5, 33), ("ada", 1, 92.5, 12)):
            at = now - timedelta(minutes=minutes)
            attempt = ExamAttempt.objects.create(
                user=people[username],
                exam=exam,
                course=exam.course,
                attempt_number=number,
                started_at=at - timedelta(minutes=20),
                submitted_at=at,
                score=score,
                passed=score >= exam.pass_mark,
            )
            _tell(Outbox.Kind.EXAM_ATTEMPTED, attempt)
        for username, course, minutes in (("eve", botany, 130), ("ada", exam.course, 3)):
            certificate = Certification.objects.create(
                user=people[username],
                course=course,
                certificate_id=uuid.uuid4(),
                due_at=now - timedelta(minutes=minutes),
                issued_at=now - timedelta(minutes=minutes),
            )
            _tell(Outbox.Kind.CERTIFICATION_ISSUED, certificate)

    def _tell(kind: str, row: ExamAttempt | Certification) -> None:
        outbox.write_and_tell([outbox.Reference(kind, row.pk, row.user_id, row.course_id)])

    await sync_to_async(write)()


@contextlib.asynccontextmanager
async def _page(chromium: Browser, live: Live, person: User | None, variant: str) -> AsyncIterator[Page]:
    from tests import browser

    size, options = VARIANTS[variant]
    opened = await browser.window(chromium, live, person, **options)
    try:
        await opened.page.set_viewport_size(size)
        yield opened.page
    finally:
        await opened.page.context.close()


async def _look(page: Page, name: str, path: str, person: User | None) -> None:
    """Go there, and wait until the page is as a visitor sees it."""
    if name in ("404", "500"):
        body = _failing(name, path, person)
        await page.route(f"**{path}", lambda route: route.fulfill(status=int(name), body=body))
    await page.goto(path)
    await page.evaluate("document.fonts.ready")
    if await page.locator(".ops-status").count():
        await page.locator('.ops-status[data-status="live"]').wait_for()
    if await page.locator("[data-feed]:visible").count():
        if await page.locator(".feed-status:visible").count():  # what is past is not live
            await page.locator('.feed-status[data-status="live"]').wait_for()
        await page.locator('.entry:not([data-folded="under"]) .entry-time').first.wait_for()
    if await page.locator("[data-roster]").count():
        await page.locator('.roster[data-status="live"] .seat[data-state="playing"]').first.wait_for()
    if name == "lesson":
        await page.evaluate(PLAYING)
        began = await page.evaluate("document.querySelector('video').currentTime")
        await page.wait_for_function("(to) => document.querySelector('video').currentTime > to", arg=began + 1)


async def _take(page: Page, path: Path) -> None:
    """With as many colours as pages of ours have: a third of the bytes."""
    # What came a moment ago is still lit up.
    await page.evaluate("() => Promise.all(document.getAnimations().map((each) => each.finished.catch(() => null)))")
    await page.screenshot(path=path)
    with Image.open(path) as taken:
        few = taken.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=4, dither=Image.Dither.NONE)
        few.save(path, optimize=True)


def _failing(name: str, path: str, person: User | None) -> bytes:
    """The page that visitors get; with DEBUG on, as the demo needs it, Django shows its own."""
    from django.http import Http404
    from django.test import RequestFactory
    from django.views.defaults import page_not_found, server_error

    request = RequestFactory().get(path)
    request.user = person
    return page_not_found(request, Http404()).content if name == "404" else server_error(request).content


if __name__ == "__main__":
    main()
