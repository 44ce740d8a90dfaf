"""Uploaded videos and captions: what is taken, what is found in a file, and what becomes of files."""

from __future__ import annotations

import asyncio
import functools
import os
import secrets
import signal
import struct
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from av.video.frame import VideoFrame
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError
from django.test import Client
from PIL import Image
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job
from pytest_django import Settings

from progress import overview, school
from progress.models import Course, Lesson
from progress.uploads import asking, media, probe, reading
from progress.uploads.asking import ProbeFailed, Problem, ask
from progress.uploads.captions import MOST_BYTES, check_captions
from progress.uploads.checks import check_video
from progress.uploads.reading import read_upload
from progress.uploads.retries import MOST_TRIES, AFewTimes
from project.demo import videos
from tests.browser import chromium, window
from tests.conftest import Cast
from tests.live import Live, Site, until

ENCODERS = {encoder.codec: encoder for encoder in videos.ENCODERS}
WEBVTT = b"WEBVTT\n\n00:00.000 --> 00:02.000\nHello\n"
READING_WITHIN = 40.0
"""A job of a killed worker is given back after ten seconds or so."""


@functools.cache
def film(seconds: int = 3, codec: str = "libx264", title: str = "A film") -> bytes:
    """A video that browsers play."""
    return videos.make(title, seconds=seconds, ground=(30, 60, 90), encoder=ENCODERS[codec])


def encoded(
    codec: str,
    container: str = "mp4",
    *,
    size: tuple[int, int] = (320, 240),
    frames: int = 20,
    prepare: Callable[[Any], None] = lambda stream: None,
    **options: Any,
) -> bytes:
    """A video of any codec: a red square in the upper left corner of black frames, ten a second."""
    image = Image.new("RGB", size)
    image.paste((255, 0, 0), (0, 0, size[0] // 4, size[1] // 4))
    output = BytesIO()
    with av.open(output, "w", format=container, **options) as file:
        stream = file.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        prepare(stream)
        for number in range(frames):
            frame = VideoFrame.from_image(image).reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return output.getvalue()


def quietly(stream: Any) -> None:
    """Keep x265 from telling its life on standard error."""
    stream.options = {"x265-params": "log-level=none"}


def sound() -> bytes:
    """A file with sound alone."""
    output = BytesIO()
    with av.open(output, "w", format="mp4") as file:
        stream = file.add_stream("aac", rate=48000)
        frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
        frame.sample_rate = 48000
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return output.getvalue()


def spoilt(content: bytes) -> bytes:
    """The same file, its pictures replaced by noise."""
    begins = content.index(b"mdat") + 4
    return content[:begins] + bytes((7 * number * number) % 251 for number in range(len(content) - begins))


@pytest.fixture
def place(tmp_path: Path) -> Callable[[bytes, str], Path]:
    """Puts bytes into a file."""

    def put(content: bytes, name: str) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return put


def poster_of(content: bytes) -> Image.Image:
    image = Image.open(BytesIO(content))
    assert image.format == "JPEG"
    return image


# What is looked at when a file comes


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.mp4", film()),
        ("A LONG NAME.M4V", film()),
        ("a.webm", film(codec="libvpx")),
        ("a.ogv", b"OggS" + bytes(40)),
    ],
)
def test_a_file_that_begins_as_its_name_says_is_taken_whole(name: str, content: bytes) -> None:
    file = SimpleUploadedFile(name, content)
    check_video(file)
    assert file.read() == content


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", film(), "ends in .mp4, .m4v, .webm, .ogv"),
        ("a.mov", film(), "ends in"),
        ("mp4", film(), "ends in"),
        ("a.mp4", b"This is a text.", "not the kind of file"),
        ("a.mp4", b"", "not the kind of file"),
        ("a.webm", film(), "not the kind of file"),
        ("a.mp4", b"#EXTM3U\nhttp://127.0.0.1/", "not the kind of file"),
    ],
)
def test_a_file_that_cannot_be_a_video_is_refused_in_words(name: str, content: bytes, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        check_video(SimpleUploadedFile(name, content))


def test_a_file_over_the_limit_is_refused_and_no_limit_takes_all(settings: Settings) -> None:
    settings.LIMIT_UPLOAD_BYTES = len(film()) - 1
    with pytest.raises(ValidationError, match="at most"):
        check_video(SimpleUploadedFile("a.mp4", film()))
    for enough in (len(film()), 0):
        settings.LIMIT_UPLOAD_BYTES = enough
        check_video(SimpleUploadedFile("a.mp4", film()))


@pytest.mark.parametrize(
    "content",
    [
        WEBVTT,
        b"\xef\xbb\xbf" + WEBVTT,
        WEBVTT.replace(b"\n", b"\r\n"),
        "WEBVTT Sprache: Deutsch\n\nNOTE von Hand\n\n1\n01:00:00.000 --> 01:00:02.000 align:start\nGrüße\n".encode(),
    ],
)
def test_captions_that_browsers_show_are_taken(content: bytes) -> None:
    file = SimpleUploadedFile("a.vtt", content)
    check_captions(file)
    assert file.read() == content


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.srt", WEBVTT, "ends in .vtt"),
        ("a.vtt", b"1\n00:00:01,000 --> 00:00:02,000\nHello\n", "first line of the captions must be WEBVTT"),
        ("a.vtt", b"", "first line"),
        ("a.vtt", b"WEBVTT\n\nHello\n", "not one caption"),
        ("a.vtt", b"WEBVTT\n\n00:00:01,000 --> 00:00:02,000\nHello\n", "00:00:01,000"),
        ("a.vtt", b"WEBVTT\n\n00:00:61.000 --> 00:01:02.000\nHello\n", "00:00:61.000"),
        ("a.vtt", b"WEBVTT\n\n00:05.000 --> 00:01.000\nHello\n", "ends before it begins"),
        ("a.vtt", WEBVTT + "\n00:03.000 --> 00:04.000\nGrüße\n".encode("latin-1"), "UTF-8: line 7"),
        ("a.vtt", WEBVTT + b"NOTE " + bytes([65]) * MOST_BYTES, "at most"),
    ],
)
def test_captions_that_would_not_be_shown_are_refused_in_words(name: str, content: bytes, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        check_captions(SimpleUploadedFile(name, content))


# What the probe finds


@pytest.mark.parametrize(("codec", "found"), [("libx264", "h264"), ("libvpx", "vp8"), ("libvpx-vp9", "vp9")])
def test_a_video_tells_how_long_it_is_its_codec_and_a_picture(place: Any, codec: str, found: str) -> None:
    read = probe.read(place(film(4, codec), f"a{ENCODERS[codec].suffix}"))
    assert (read.duration, read.codec) == (pytest.approx(4, abs=0.05), found)
    assert poster_of(read.poster).size == (640, 360)


def test_a_video_that_does_not_say_how_long_it_is_is_read_to_its_end(place: Any) -> None:
    content = encoded("libvpx", "webm", options={"live": "1"})
    path = place(content, "a.webm")
    with av.open(str(path)) as container:
        assert container.duration is None
    assert probe.read(path).duration == pytest.approx(2, abs=0.11)


def test_a_large_video_has_a_small_poster(place: Any) -> None:
    read = probe.read(place(encoded("libx264", size=(1920, 1080), frames=3), "a.mp4"))
    assert poster_of(read.poster).size == (1280, 720)


def test_a_poster_stands_upright_however_the_camera_was_held(place: Any) -> None:
    turned = encoded("libx264", prepare=lambda stream: stream.set_display_rotation(-90))
    poster = poster_of(probe.read(place(turned, "a.mp4")).poster)
    assert poster.size == (240, 320)
    # A quarter turn clockwise, as players do it: what was upper left is upper right.
    red = [x for x in (30, 210) if poster.getpixel((x, 30))[0] > 128]  # type: ignore[index]
    assert red == [210]


def test_a_poster_is_as_wide_as_players_show_it(place: Any) -> None:
    def squeezed(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)

    poster = poster_of(probe.read(place(encoded("libx264", prepare=squeezed), "a.mp4")).poster)
    assert poster.size == (640, 240)


@pytest.mark.parametrize(
    ("content", "name", "reason", "more"),
    [
        (encoded("mpeg4"), "a.mp4", "codec", {"codec": "mpeg4"}),
        (encoded("libx265", prepare=quietly), "a.mp4", "codec", {"codec": "hevc"}),
        (encoded("libx264", "matroska"), "a.webm", "codec", {"codec": "h264"}),
        (film(6)[: len(film(6)) // 2], "a.mp4", "cut_off", {"says": 6}),
        (film(6, "libvpx")[: len(film(6, "libvpx")) // 2], "a.webm", "cut_off", {"says": 6}),
        (spoilt(film()), "a.mp4", "unreadable", {}),
        (film()[:40] + bytes(2000), "a.mp4", "no_video", {}),
        (sound(), "a.mp4", "no_video", {}),
        (b"#EXTM3U\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST\n", "a.mp4", "unreadable", {}),
    ],
    ids=["mpeg4", "hevc", "matroska", "half an mp4", "half a webm", "noise", "a head alone", "sound", "a playlist"],
)
def test_a_file_of_no_use_says_why(place: Any, content: bytes, name: str, reason: str, more: dict[str, Any]) -> None:
    with pytest.raises(probe.Unusable) as refused:
        probe.read(place(content, name))
    assert refused.value.reason == reason
    assert refused.value.more.items() >= more.items()


async def test_the_probe_answers_from_a_process_of_its_own(place: Any) -> None:
    duration, poster = await ask(str(place(film(), "a.mp4")))
    assert duration == pytest.approx(3, abs=0.05)
    assert poster_of(poster).size == (640, 360)
    with pytest.raises(Problem, match="codec mpeg4"):
        await ask(str(place(encoded("mpeg4"), "a.mp4")))
    with pytest.raises(Problem, match="not where"):
        await ask("/no/such/file.mp4")


@pytest.fixture
def instead(monkeypatch: pytest.MonkeyPatch, place: Any) -> Callable[[str], Any]:
    """Asks a probe whose reading is this code instead."""

    def asked(code: str) -> Any:
        lines = f"import os, signal, time\nfrom progress.uploads import probe\n{code}"
        monkeypatch.setattr(asking, "COMMAND", (sys.executable, "-c", lines))
        return ask(str(place(film(), "a.mp4")))

    return asked


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("probe.read = lambda path: bytearray(2 * probe.MEMORY_BYTES)\nprobe.main('')", "too much time or memory"),
        ("probe.CPU_SECONDS = 1\nprobe.limit()\nwhile True: pass", "too much time or memory"),
        ("probe.SECONDS = 1\nprobe.limit()\ntime.sleep(600)", "too much time or memory"),
        ("probe.limit()\nos.kill(os.getpid(), signal.SIGSEGV)", "cannot be read"),
    ],
    ids=["eats memory", "burns the processor", "hangs", "crashes"],
)
async def test_a_file_that_breaks_the_probe_is_a_problem_told(instead: Any, code: str, says: str) -> None:
    with pytest.raises(Problem, match=says):
        await instead(code)


async def test_a_probe_that_ends_itself_too_late_is_ended(instead: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PATIENCE_SECONDS", 0.5)
    with pytest.raises(Problem, match="too much time"):
        await instead("time.sleep(600)")


@pytest.mark.parametrize("code", ["raise ImportError('av')", "os.kill(os.getpid(), signal.SIGTERM)"])
async def test_a_probe_that_fails_by_itself_says_nothing_of_the_file(instead: Any, code: str) -> None:
    with pytest.raises(ProbeFailed):
        await instead(code)


async def test_a_probe_ends_with_the_job_that_asked(instead: Any, tmp_path: Path) -> None:
    began = tmp_path / "pid"
    asked = asyncio.create_task(instead(f"open({str(began)!r}, 'w').write(str(os.getpid()) + '.')\ntime.sleep(600)"))
    await until(lambda: began.exists() and began.read_text().endswith("."))
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    with pytest.raises(ProcessLookupError):
        os.kill(int(began.read_text()[:-1]), 0)


async def test_a_probe_knows_no_secret(instead: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "SECRET_KEY" in os.environ
    answer = 'print(\'{"reason": "codec", "codec": "\' + \' \'.join(sorted(os.environ)) + \'"}\')'
    with pytest.raises(Problem) as told:
        await instead(answer)
    assert "the codec" in str(told.value)
    assert not {"SECRET_KEY", "DATABASE_URL", "REDIS_URL"} & set(str(told.value).split())


def test_only_what_may_pass_is_tried_again_a_few_times_with_growing_waits() -> None:
    def waits(error: BaseException, attempts: int) -> bool:
        job = Job(id=1, lock=None, queueing_lock=None, task_name="read_upload", queue="default", attempts=attempts)
        return AFewTimes().get_retry_decision(exception=error, job=job) is not None

    assert [waits(OSError(), tries) for tries in range(MOST_TRIES)] == [True] * (MOST_TRIES - 1) + [False]
    assert waits(DatabaseError(), 0)
    assert waits(asyncio.CancelledError(), 99)
    assert not waits(ValueError(), 0)


# What becomes of lessons and of files


@pytest.fixture
def stored(db: None, settings: Settings, tmp_path: Path) -> Path:
    """The folder of media, of this test alone; what is not committed, no worker of other tests takes for its own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def page(cast: Cast, stored: Path) -> Client:
    """The admin site, as its administrator."""
    client = Client()
    client.force_login(cast.admin)
    return client


def filled(course: Course, **fields: Any) -> dict[str, Any]:
    """The form of a new lesson as a browser sends it."""
    form = {"course": course.pk, "title": "Film", "slug": "film", "order": 1, "duration": "", "video_address": ""}
    return {**form, "completion_threshold": 90, **fields}


def mp4(content: bytes = b"", name: str = "my film.mp4") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content or film(), "video/mp4")


def add(page: Client, course: Course, **fields: Any) -> Lesson:
    answer = page.post("/admin/progress/lesson/add/", filled(course, **fields))
    assert answer.status_code == 302, answer.context["errors"]
    return Lesson.objects.get(slug="film")


def saved_with_a_file(cast: Cast, content: bytes) -> Lesson:
    lesson = Lesson(course=cast.algorithms, title="Film", slug="film")
    lesson.upload = mp4(content)  # type: ignore[assignment]
    school.save_lesson(lesson)
    return lesson


def change(page: Client, lesson: Lesson, **fields: Any) -> Lesson:
    url = f"/admin/progress/lesson/{lesson.pk}/change/"
    shown = {"duration": lesson.duration or "", "video_address": lesson.video_address}
    held = {f"initial-{name}": value for name, value in shown.items()}
    answer = page.post(url, {**filled(lesson.course), **shown, **held, **fields})
    assert answer.status_code == 302, answer.context["errors"]
    lesson.refresh_from_db()
    return lesson


def errors(page: Client, course: Course, **fields: Any) -> str:
    answer = page.post("/admin/progress/lesson/add/", filled(course, **fields))
    assert answer.status_code == 200
    assert not Lesson.objects.filter(slug="film").exists()
    return " ".join(str(error) for error in answer.context["errors"])


def read_waiting(lesson: Lesson) -> Lesson:
    async_to_sync(read_upload.func)(lesson=lesson.pk)
    lesson.refresh_from_db()
    return lesson


def do_removals() -> None:
    for job in ProcrastinateJob.objects.filter(task_name="remove_media"):
        media.remove_media(**job.args)


def asked_to_read(lesson: Lesson) -> int:
    return ProcrastinateJob.objects.filter(task_name="read_upload", args={"lesson": lesson.pk}).count()


def test_an_upload_waits_and_students_do_not_see_its_lesson_until_it_is_read(
    page: Client, cast: Cast, stored: Path
) -> None:
    lesson = add(page, cast.algorithms, upload=mp4(), duration="99")
    assert (lesson.duration, lesson.video.name, lesson.poster.name) == (0, "", "")
    assert asked_to_read(lesson) == 1
    assert [lesson] == list(Lesson.objects.visible_to(cast.grace).filter(slug="film"))
    assert not Lesson.objects.visible_to(cast.ada).filter(slug="film").exists()
    assert "is being read" in page.get(f"/admin/progress/lesson/{lesson.pk}/change/").content.decode()

    assert read_waiting(lesson).duration == pytest.approx(3, abs=0.05)
    assert (lesson.upload.name, lesson.upload_problem) == ("", "")
    assert Path(lesson.video.path).read_bytes() == film()
    poster_of(Path(lesson.poster.path).read_bytes())
    assert Lesson.objects.visible_to(cast.ada).filter(slug="film").exists()
    assert files(stored) == {lesson.video.name, lesson.poster.name}
    shown = page.get(f"/admin/progress/lesson/{lesson.pk}/change/").content.decode()
    assert "/courses/algorithms/film/poster/" in shown
    assert "Ready." in shown


def test_a_file_that_cannot_be_used_leaves_the_old_video_and_is_told(page: Client, cast: Cast, stored: Path) -> None:
    lesson = read_waiting(add(page, cast.algorithms, upload=mp4()))
    before = (lesson.video.name, lesson.poster.name, lesson.duration)
    change(page, lesson, upload=mp4(spoilt(film(5))))
    assert asked_to_read(lesson) == 2
    read_waiting(lesson)
    assert (lesson.video.name, lesson.poster.name, lesson.duration) == before
    assert lesson.upload.name == ""
    assert "cannot be read" in lesson.upload_problem
    do_removals()
    assert files(stored) == {lesson.video.name, lesson.poster.name}
    assert "could not be used" in page.get(f"/admin/progress/lesson/{lesson.pk}/change/").content.decode()
    change(page, lesson, upload=mp4(film(4)))
    assert lesson.upload_problem == ""


def test_a_replaced_video_takes_the_old_files_along_once_it_is_read(page: Client, cast: Cast, stored: Path) -> None:
    lesson = read_waiting(add(page, cast.algorithms, upload=mp4(), captions=SimpleUploadedFile("a.vtt", WEBVTT)))
    old = {lesson.video.name, lesson.poster.name}
    change(page, lesson, upload=mp4(film(5)))
    do_removals()
    assert old < files(stored)  # it goes on until the other one is read
    read_waiting(lesson)
    do_removals()
    assert lesson.duration == pytest.approx(5, abs=0.05)
    assert files(stored) == {lesson.video.name, lesson.poster.name, lesson.captions.name}
    assert not old & files(stored)


def test_captions_can_be_replaced_and_taken_away(page: Client, cast: Cast, stored: Path) -> None:
    lesson = add(page, cast.algorithms, duration="60", captions=SimpleUploadedFile("a.vtt", WEBVTT))
    first = lesson.captions.name
    assert (
        "/courses/algorithms/film/captions/" in page.get(f"/admin/progress/lesson/{lesson.pk}/change/").content.decode()
    )
    change(page, lesson, captions=SimpleUploadedFile("a.vtt", WEBVTT + b"\n"))
    do_removals()
    assert files(stored) == {lesson.captions.name} != {first}
    change(page, lesson, **{"captions-clear": "on"})
    do_removals()
    assert (lesson.captions.name, files(stored)) == ("", set())


def test_a_second_upload_before_the_first_is_read_is_the_one_that_counts(
    page: Client, cast: Cast, stored: Path
) -> None:
    lesson = add(page, cast.algorithms, upload=mp4(film(3)))
    first = lesson.upload.name
    change(page, lesson, upload=mp4(film(5)))
    # The first one's job was reading all the while, and comes too late.
    reading._take(lesson.pk, first, 3.0, b"a poster")
    lesson.refresh_from_db()
    assert (lesson.duration, lesson.video.name) == (0, "")
    assert read_waiting(lesson).duration == pytest.approx(5, abs=0.05)
    do_removals()
    assert files(stored) == {lesson.video.name, lesson.poster.name}


def test_a_reading_that_was_killed_half_way_is_done_again_and_leaves_nothing(
    page: Client, cast: Cast, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = add(page, cast.algorithms, upload=mp4())
    # Its poster stands in the storage by half, and its row was not written.
    default_storage.save(media.poster_of(lesson.upload.name), ContentFile(b"half a pos"))
    read_waiting(lesson)
    poster_of(Path(lesson.poster.path).read_bytes())
    assert files(stored) == {lesson.video.name, lesson.poster.name}
    rows = Lesson.objects.filter(pk=lesson.pk).values().get()
    read_waiting(lesson)  # given back once more
    do_removals()
    do_removals()
    assert Lesson.objects.filter(pk=lesson.pk).values().get() == rows
    assert files(stored) == {lesson.video.name, lesson.poster.name}


def test_a_lesson_that_is_removed_while_its_upload_is_read_leaves_nothing(
    page: Client, cast: Cast, stored: Path
) -> None:
    lesson = add(page, cast.algorithms, upload=mp4())
    default_storage.save(media.poster_of(lesson.upload.name), ContentFile(b"of a run that was killed"))
    school.remove_lessons(Lesson.objects.filter(pk=lesson.pk))
    assert len(files(stored)) == 2
    async_to_sync(read_upload.func)(lesson=lesson.pk)
    do_removals()
    assert files(stored) == set()


@pytest.mark.usefixtures("transactional_db", "loop_services")
async def test_two_readings_at_once_come_to_the_same(cast: Cast, stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("progress.jobs.defer_from_thread", lambda job, *arguments: None)
    lesson = await sync_to_async(saved_with_a_file)(cast, film())
    await asyncio.gather(*(read_upload(lesson=lesson.pk) for _ in range(3)))
    await lesson.arefresh_from_db()
    assert lesson.duration == pytest.approx(3, abs=0.05)
    assert files(stored) == {lesson.video.name, lesson.poster.name}


def test_lessons_and_courses_that_are_removed_take_their_files_along(page: Client, cast: Cast, stored: Path) -> None:
    kept = read_waiting(add(page, cast.botany, upload=mp4()))
    lessons = []
    for number in range(3):
        fields = {"slug": f"film-{number}", "upload": mp4(), "captions": SimpleUploadedFile("a.vtt", WEBVTT)}
        page.post("/admin/progress/lesson/add/", filled(cast.algorithms, **fields))
        lessons.append(Lesson.objects.get(slug=f"film-{number}"))
    for lesson in lessons[:2]:
        read_waiting(lesson)
    assert len(files(stored)) == 2 + 2 * 3 + 2
    url = f"/admin/progress/lesson/{lessons[0].pk}/delete/"
    assert page.post(url, {"post": "yes"}).status_code == 302
    do_removals()
    assert len(files(stored)) == 2 + 3 + 2
    assert page.post(f"/admin/progress/course/{cast.algorithms.pk}/delete/", {"post": "yes"}).status_code == 302
    do_removals()
    assert files(stored) == {kept.video.name, kept.poster.name}


def test_a_file_that_a_lesson_refers_to_is_not_removed(cast: Cast, stored: Path) -> None:
    for field in media.FIELDS:
        name = default_storage.save(f"uploads/{secrets.token_hex(4)}", ContentFile(b"kept"))
        Lesson.objects.filter(pk=cast.bernoulli.pk).update(**{field: name})
    free = default_storage.save("uploads/free", ContentFile(b"free"))
    media.remove_media(names=[*files(stored), "uploads/gone-already"])
    assert len(files(stored)) == 4
    assert free not in files(stored)


def test_no_two_files_get_one_name_and_long_names_fit(page: Client, cast: Cast) -> None:
    lesson = add(page, cast.algorithms, upload=mp4(name="x" * 200 + ".MP4"))
    first = str(lesson.upload.name)
    change(page, lesson, upload=mp4(name="x" * 200 + ".MP4"))
    assert lesson.upload.name != first
    assert first.startswith("uploads/film-")
    assert first.endswith(".mp4")


# The form


def test_a_text_with_the_name_of_a_video_is_refused_at_the_form(page: Client, cast: Cast, stored: Path) -> None:
    assert "not the kind of file" in errors(page, cast.algorithms, upload=mp4(b"This is a text."))
    assert files(stored) == set()


def test_captions_are_looked_at_by_the_form(page: Client, cast: Cast) -> None:
    assert "first line" in errors(
        page, cast.algorithms, duration="9", captions=SimpleUploadedFile("a.vtt", b"1\n00:00:01,000 --> 00:00:02,000\n")
    )


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "how long the lesson lasts"),
        ({"duration": "0"}, "how long the lesson lasts"),
        ({"video_address": "https://media.example/a.mp4"}, "How long the video at that address lasts"),
        ({"video_address": "https://media.example/a.mp4", "duration": "0"}, "How long the video"),
        ({"video_address": "http://media.example/a.mp4", "duration": "9"}, "https://"),
        ({"video_address": "ftp://media.example/a.mp4", "duration": "9"}, "https://"),
        ({"video_address": "https://me:secret@media.example/a.mp4", "duration": "9"}, "every student"),
        ({"video_address": "https://media.example; script-src *", "duration": "9"}, "valid URL"),
        ({"video_address": "javascript:alert(1)", "duration": "9"}, "valid URL"),
        ({"duration": "-1"}, "greater than or equal to 0"),
    ],
)
def test_a_lesson_that_cannot_be_is_refused_in_words(
    page: Client, cast: Cast, fields: dict[str, Any], says: str
) -> None:
    assert says in errors(page, cast.algorithms, **fields)


def test_a_file_and_an_address_at_once_are_refused(page: Client, cast: Cast) -> None:
    address = {"video_address": "https://media.example/a.mp4", "duration": "9"}
    assert "not both at once" in errors(page, cast.algorithms, upload=mp4(), **address)


def test_an_address_of_this_machine_is_for_development(page: Client, cast: Cast, settings: Settings) -> None:
    here = {"video_address": "http://localhost:9000/a.mp4", "duration": "9"}
    settings.DEBUG = False
    assert "https://" in errors(page, cast.algorithms, **here)
    settings.DEBUG = True
    assert add(page, cast.algorithms, **here).video_address == here["video_address"]


def test_an_address_takes_the_place_of_a_file_and_a_file_that_of_an_address(
    page: Client, cast: Cast, stored: Path
) -> None:
    lesson = read_waiting(add(page, cast.algorithms, upload=mp4()))
    address = "https://media.example/a.mp4"
    change(page, lesson, video_address=address, duration="77")
    assert (lesson.video_address, lesson.video.name, lesson.poster.name) == (address, "", "")
    assert lesson.duration == 77
    do_removals()
    assert files(stored) == set()
    change(page, lesson, upload=mp4(film(4)))
    assert (lesson.video_address, lesson.duration) == (address, 77)  # it goes on until the file is read
    read_waiting(lesson)
    assert (lesson.video_address, lesson.duration) == ("", pytest.approx(4, abs=0.05))


def test_a_lesson_of_before_keeps_its_length_when_something_else_is_changed(page: Client, cast: Cast) -> None:
    lesson = change(page, cast.bernoulli, title="Note G", slug="bernoulli")
    assert (lesson.title, lesson.duration) == ("Note G", 100)
    change(page, lesson, slug="bernoulli", duration="")
    assert lesson.duration == 100
    change(page, lesson, slug="bernoulli", duration="120")
    assert lesson.duration == 120


def test_a_page_that_was_open_while_the_upload_was_read_does_not_write_back_what_it_showed(
    page: Client, cast: Cast
) -> None:
    lesson = add(page, cast.algorithms, video_address="https://media.example/a.mp4", duration="77")
    change(page, lesson, upload=mp4(film(4)))
    held = {"initial-duration": "77.0", "initial-video_address": "https://media.example/a.mp4"}
    shown = {"duration": "77.0", "video_address": "https://media.example/a.mp4"}
    assert 'name="initial-duration"' in page.get(f"/admin/progress/lesson/{lesson.pk}/change/").content.decode()
    read_waiting(lesson)
    video = lesson.video.name
    change(page, lesson, title="Another title", **shown, **held)
    assert lesson.title == "Another title"
    assert (lesson.video.name, lesson.video_address, lesson.upload.name) == (video, "", "")
    assert lesson.duration == pytest.approx(4, abs=0.05)


def test_a_lesson_saved_while_its_upload_is_read_is_asked_for_again(page: Client, cast: Cast) -> None:
    lesson = add(page, cast.algorithms, upload=mp4())
    change(page, lesson, title="Another title")
    assert asked_to_read(lesson) == 2
    assert (lesson.upload.name != "", lesson.duration) == (True, 0)


# Pages


def test_the_poster_goes_to_who_may_see_the_lesson(page: Client, cast: Cast) -> None:
    read_waiting(add(page, cast.algorithms, upload=mp4()))
    url = "/courses/algorithms/film/poster/"
    for person, status in ((cast.ada, 200), (cast.grace, 200), (cast.oscar, 404), (cast.eve, 404)):
        client = Client()
        client.force_login(person)
        answer = client.get(url)
        assert answer.status_code == status
    assert Client().get(url).status_code == 401
    client.force_login(cast.ada)
    answer = client.get(url)
    assert (answer["Content-Type"], answer["Accept-Ranges"]) == ("image/jpeg", "bytes")
    client.force_login(cast.grace)
    assert f'poster="{url}"' in client.get("/courses/algorithms/film/").content.decode()


def test_a_lesson_that_is_not_ready_is_listed_for_teachers_alone(page: Client, cast: Cast) -> None:
    lesson = add(page, cast.algorithms, upload=mp4())

    def seen_by(person: Any) -> dict[str, tuple[bool, float]]:
        lessons = overview.of_course(person, cast.algorithms)["lessons"]
        return {each["lesson"].slug: (each["ready"], each["lesson"].duration) for each in lessons}

    assert seen_by(cast.grace) == {"bernoulli": (True, 100), "film": (False, 0)}
    assert seen_by(cast.ada) == {"bernoulli": (True, 100)}
    teacher, student = Client(), Client()
    teacher.force_login(cast.grace)
    student.force_login(cast.ada)
    shown = teacher.get("/courses/algorithms/film/").content.decode()
    assert "This video is being prepared" in shown
    assert "Not ready" in shown
    assert student.get("/courses/algorithms/film/").status_code == 404
    assert "Film" not in student.get("/").content.decode()
    [course] = student.get("/api/courses/").json()["courses"]
    assert [each["slug"] for each in course["lessons"]] == ["bernoulli"]
    [course] = teacher.get("/api/courses/").json()["courses"]
    assert [(each["slug"], each["duration"]) for each in course["lessons"]][1] == ("film", 0)

    Lesson.objects.filter(pk=lesson.pk).update(upload="", upload_problem="There is no video in the file.")
    assert "There is no video in the file." in teacher.get("/courses/algorithms/film/").content.decode()


def test_a_teacher_who_is_enrolled_too_only_looks_at_a_lesson_that_is_not_ready(page: Client, cast: Cast) -> None:
    add(page, cast.algorithms, upload=mp4())
    cast.grace.enrollments.create(course=cast.algorithms)
    teacher = Client()
    teacher.force_login(cast.grace)
    answer = teacher.get("/courses/algorithms/film/")
    assert answer.status_code == 200
    assert not answer.context["enrolled"]
    assert overview.of_studies(cast.grace)[0]["resume_url"] == "/courses/algorithms/bernoulli/"


def test_media_from_elsewhere_may_be_loaded_by_the_one_page_that_needs_them(page: Client, cast: Cast) -> None:
    add(page, cast.algorithms, video_address="https://media.example:8443/films/a.mp4?b=1", duration="60")
    teacher = Client()
    teacher.force_login(cast.grace)
    answer = teacher.get("/courses/algorithms/film/")
    assert 'src="https://media.example:8443/films/a.mp4?b=1"' in answer.content.decode()
    policy = dict(part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; "))
    assert policy["media-src"] == "'self' https://media.example:8443"
    assert policy["default-src"] == "'self'"
    assert "media-src" not in teacher.get("/courses/algorithms/bernoulli/")["Content-Security-Policy"]


# The running site


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
    # Another port is another origin, and gets the cookie all the same.
    elsewhere = f"http://{live.site.address(1)}/courses/algorithms/film/video/"
    await Lesson.objects.acreate(
        course=cast.algorithms, title="There", slug="there", duration=3, video_address=elsewhere
    )
    async with chromium() as browser:
        seen = await window(browser, live, cast.ada)
        await seen.page.goto("/courses/algorithms/there/")
        await seen.page.wait_for_function("document.querySelector('video').readyState >= 1")
        assert await seen.page.evaluate("document.querySelector('video').src") == elsewhere
        lasts = await seen.page.evaluate("document.querySelector('video').duration")
    assert lasts == pytest.approx(lesson.duration, abs=0.1)
    assert seen.errors == []
