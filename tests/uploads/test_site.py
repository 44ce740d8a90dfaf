"""Uploads on the running site, with its worker."""

from __future__ import annotations

import asyncio
import signal
import struct
import time
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from procrastinate.contrib.django.models import ProcrastinateJob

from progress import school
from progress.models import Lesson
from tests import foreign_pages
from tests.browser import chromium, window
from tests.cast import Cast
from tests.live import Live, Site, until
from tests.uploads.desk import (
    READING_WITHIN,
    filled,
    saved_with_a_file,
)
from tests.uploads.films import film, poster_of


async def until_read(lesson: Lesson) -> Lesson:
    """The lesson once its upload waits no more."""
    async with asyncio.timeout(READING_WITHIN):
        while lesson.upload:
            await asyncio.sleep(0.05)
            await lesson.arefresh_from_db()
    return lesson


async def test_a_video_uploaded_to_the_running_site_is_read_shown_and_watched_and_outlives_a_broken_one(
    transactional_db: None, cast: Cast, loop_services: None, tmp_path: Path
) -> None:
    # A site of its own: Django's admin site writes its log with ids of the database that the process has first seen.
    with Site(tmp_path, webs=1) as site:
        async with Live(site) as live:
            await _upload_watch_and_break(live, cast)


async def _upload_watch_and_break(live: Live, cast: Cast) -> None:
    browser = await live.http(cast.admin)

    async def send(page: str, content: bytes) -> Lesson:
        fields = {name: str(value) for name, value in filled(cast.algorithms, slug="reel").items()}
        answer = await browser.post(
            f"/admin/progress/lesson/{page}/",
            data={**fields, "csrfmiddlewaretoken": "x" * 32},
            files={"upload": ("my film.mp4", content, "video/mp4")},
        )
        assert answer.status_code == 302, answer.text
        return await until_read(await Lesson.objects.aget(slug="reel"))

    lesson = await send("add", film(6))
    assert lesson.upload_problem == ""
    assert lesson.duration == pytest.approx(6, abs=0.1)
    student = await live.http(cast.ada)
    answer = await student.get("/courses/algorithms/reel/poster/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert poster_of(answer.content).size == (640, 360)
    answer = await student.get("/courses/algorithms/reel/video/", headers={"Range": "bytes=0-99"})
    assert (answer.status_code, answer.content) == (206, film(6)[:100])
    assert 'poster="/courses/algorithms/reel/poster/"' in (await student.get("/courses/algorithms/reel/")).text
    async with live.player(cast.ada, lesson) as player:
        ack = await player.tick(id=1, watch_percentage=50, timestamp=3, segments=[[0, 3]], player="p")
        assert ack["watch_percentage"] == 50

    broken = await send(f"{lesson.pk}/change", film(6)[: len(film(6)) // 2])
    assert (broken.video.name, broken.poster.name) == (lesson.video.name, lesson.poster.name)
    assert broken.duration == lesson.duration
    assert "cut off" in broken.upload_problem
    uploads = Path(lesson.video.path).parent
    await until(lambda: list(uploads.glob("reel-*")) == [Path(lesson.video.path)], what="the broken file is gone")

    other = await send(f"{lesson.pk}/change", film(4))
    assert other.duration == pytest.approx(4, abs=0.1)
    await until(lambda: list(uploads.glob("reel-*")) == [Path(other.video.path)], what="the old file is gone")


async def test_a_large_upload_never_stands_in_memory_and_does_not_hold_up_others(
    transactional_db: None, cast: Cast, loop_services: None, tmp_path: Path
) -> None:
    large = 100 * 1024 * 1024
    content = film() + struct.pack(">I4s", large, b"free") + bytes(large - 8)  # a box that players pass by
    with Site(tmp_path, webs=1) as site:
        async with Live(site) as live:
            browser, other = await live.http(cast.admin), await live.http(cast.ada)
            status = Path(f"/proc/{site.processes['web0'].pid}/status")

            def most_ever() -> int:
                return next(int(line.split()[1]) * 1024 for line in status.open() if line.startswith("VmHWM"))

            assert (await browser.get("/admin/progress/lesson/add/")).status_code == 200
            before, waits = most_ever(), []
            fields = {name: str(value) for name, value in filled(cast.algorithms).items()}
            sending = asyncio.create_task(
                browser.post(
                    "/admin/progress/lesson/add/",
                    data={**fields, "csrfmiddlewaretoken": "x" * 32},
                    files={"upload": ("large.mp4", content, "video/mp4")},
                )
            )
            while not sending.done():
                asked = time.monotonic()
                assert (await other.get("/healthz")).status_code == 200
                waits.append(time.monotonic() - asked)
            assert (await sending).status_code == 302
            assert most_ever() - before < large / 3
            assert max(waits) < 2
            lesson = await until_read(await Lesson.objects.aget(slug="film"))
            assert lesson.duration == pytest.approx(3, abs=0.1)


async def test_a_lesson_removed_on_the_running_site_takes_its_files_along(live: Live, cast: Cast) -> None:
    lesson = await until_read(await sync_to_async(saved_with_a_file)(cast, film()))
    paths = [Path(lesson.video.path), Path(lesson.poster.path)]
    assert all(path.exists() for path in paths)
    await sync_to_async(school.remove_lessons)(Lesson.objects.filter(pk=lesson.pk))
    await until(lambda: not any(path.exists() for path in paths), what="the files are gone")


async def test_a_worker_killed_while_it_reads_leaves_an_upload_that_the_next_one_reads(
    live: Live, cast: Cast, site: Site
) -> None:
    site.end("worker")
    lesson = await sync_to_async(saved_with_a_file)(cast, film())
    doing = ProcrastinateJob.objects.filter(task_name="read_upload", args={"lesson": lesson.pk}, status="doing")
    site.start("worker")
    try:
        async with asyncio.timeout(READING_WITHIN):
            while not await doing.aexists():
                await asyncio.sleep(0.002)
    finally:
        site.end("worker", signal.SIGKILL)
        site.start("worker")
    assert await doing.aexists(), "it was killed too late"
    await until_read(lesson)
    assert lesson.duration == pytest.approx(3, abs=0.1)
    assert poster_of(await asyncio.to_thread(Path(lesson.poster.path).read_bytes)).size == (640, 360)


async def test_a_video_from_elsewhere_plays_in_a_browser(live: Live, cast: Cast) -> None:
    lesson = await until_read(await sync_to_async(saved_with_a_file)(cast, film()))
    with foreign_pages.served(foreign_pages.film_handler(Path(lesson.video.path).read_bytes())) as port:
        elsewhere = f"http://127.0.0.1:{port}/there.mp4"
        await Lesson.objects.acreate(
            course=cast.algorithms, title="There", slug="there", duration=3, video_address=elsewhere
        )
        async with chromium() as browser:
            seen = await window(browser, live, cast.ada)
            await seen.page.goto("/courses/algorithms/there/")
            await seen.page.wait_for_function("() => document.querySelector('video').readyState >= 1")
            assert await seen.page.evaluate("document.querySelector('video').src") == elsewhere
            lasts = await seen.page.evaluate("document.querySelector('video').duration")
    assert lasts == pytest.approx(lesson.duration, abs=0.1)
    assert seen.errors == []
