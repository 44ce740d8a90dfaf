"""What the probe finds in a file, from a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from django.db import DatabaseError
from procrastinate.jobs import Job

from progress.uploads import asking, probe
from progress.uploads.asking import ProbeFailed, Problem, ask
from progress.uploads.retries import MOST_TRIES, AFewTimes
from tests.live import until
from tests.uploads.films import ENCODERS, encoded, film, poster_of, quietly, sound, spoilt


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
