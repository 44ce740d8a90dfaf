"""A lesson's media file: who gets it, and in which ranges."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.core.handlers.asgi import ASGIHandler
from django.db import connections
from django.test import AsyncClient
from django.utils.http import http_date
from pytest_django import Settings

from progress.models import Course, Enrollment, Lesson, User
from progress.ranges import Unsatisfiable, parse_range

CONTENT = bytes(number * 7 % 251 for number in range(200_000))  # more than three pieces, and no two alike
SIZE = len(CONTENT)
VIDEO = "/courses/algorithms/what-is-an-algorithm/video/"
CAPTIONS = "/courses/algorithms/what-is-an-algorithm/captions/"


@pytest.fixture
async def connections_let_go(transactional_db: None) -> AsyncIterator[None]:
    """Close what the loop's thread has open, or the test database could not be removed."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture
def lesson(connections_let_go: None, settings: Settings, tmp_path: Path) -> Lesson:
    """A lesson of grace's that ada studies; oscar teaches and eve studies something else."""
    settings.MEDIA_ROOT = tmp_path
    for username in ("ada", "grace", "oscar", "eve"):
        User.objects.create(username=username)
    User.objects.create(username="admin", is_superuser=True)
    course = Course.objects.create(title="Algorithms", slug="algorithms")
    course.instructors.add(User.objects.get(username="grace"))
    Enrollment.objects.create(user=User.objects.get(username="ada"), course=course)
    botany = Course.objects.create(title="Botany", slug="botany")
    botany.instructors.add(User.objects.get(username="oscar"))
    Enrollment.objects.create(user=User.objects.get(username="eve"), course=botany)
    lesson = Lesson(course=course, title="What is an algorithm", slug="what-is-an-algorithm", duration=30.0)
    lesson.video.save("video.mp4", ContentFile(CONTENT), save=False)
    lesson.captions.save("captions.vtt", ContentFile(b"WEBVTT\n"), save=False)
    lesson.save()
    return lesson


async def login(username: str) -> AsyncClient:
    client = AsyncClient()
    await client.aforce_login(await User.objects.aget(username=username))
    return client


async def body(response: Any) -> bytes:
    return b"".join([piece async for piece in response.streaming_content])


async def test_a_student_gets_the_whole_video(lesson: Lesson) -> None:
    response = await (await login("ada")).get(VIDEO)
    assert response.status_code == 200
    assert response["Content-Type"] == "video/mp4"
    assert response["Content-Length"] == str(SIZE)
    assert response["Accept-Ranges"] == "bytes"
    assert response["Cache-Control"] == "private"
    assert response["ETag"].startswith('"')
    assert response["Last-Modified"]
    assert "Cookie" in response["Vary"]
    assert await body(response) == CONTENT


async def test_captions_go_the_same_way(lesson: Lesson) -> None:
    response = await (await login("ada")).get(CAPTIONS)
    assert (response.status_code, response["Content-Type"]) == (200, "text/vtt; charset=utf-8")
    assert await body(response) == b"WEBVTT\n"


@pytest.mark.parametrize("url", [VIDEO, CAPTIONS])
@pytest.mark.parametrize(
    ("username", "status"), [("ada", 200), ("grace", 200), ("admin", 200), ("oscar", 404), ("eve", 404)]
)
async def test_only_who_may_see_the_lesson_gets_its_media(lesson: Lesson, url: str, username: str, status: int) -> None:
    assert (await (await login(username)).head(url)).status_code == status


@pytest.mark.parametrize("url", [VIDEO, CAPTIONS, "/courses/no/such/video/"])
async def test_a_stranger_is_told_to_sign_in_whether_or_not_the_lesson_is_there(lesson: Lesson, url: str) -> None:
    response = await AsyncClient().get(url)
    assert (response.status_code, response.content) == (401, b"")


async def test_a_student_whose_enrolment_ended_gets_nothing(lesson: Lesson) -> None:
    client = await login("ada")
    assert (await client.head(VIDEO)).status_code == 200
    await Enrollment.objects.filter(user__username="ada").aupdate(active=False)
    assert (await client.get(VIDEO)).status_code == 404
    assert (await client.get(VIDEO, headers={"Range": "bytes=0-9"})).status_code == 404


async def test_a_file_that_was_never_there_or_is_lost_is_not_found(lesson: Lesson) -> None:
    client = await login("ada")
    await asyncio.to_thread(Path(lesson.video.path).unlink)
    assert (await client.get(VIDEO)).status_code == 404
    await Lesson.objects.aupdate(captions="")
    assert (await client.get(CAPTIONS)).status_code == 404
    assert (await client.get("/courses/algorithms/another/video/")).status_code == 404


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-", 0, SIZE - 1),
        ("bytes=0-0", 0, 0),
        ("bytes=100000-170000", 100_000, 170_000),
        ("bytes=150000-", 150_000, SIZE - 1),
        ("bytes=-500", SIZE - 500, SIZE - 1),
        ("bytes=199999-999999", SIZE - 1, SIZE - 1),
    ],
)
async def test_a_range_gets_exactly_its_bytes(lesson: Lesson, asked: str, first: int, last: int) -> None:
    response = await (await login("ada")).get(VIDEO, headers={"Range": asked})
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert response["Content-Length"] == str(last - first + 1)
    assert response["Content-Type"] == "video/mp4"
    assert response["ETag"]
    assert await body(response) == CONTENT[first : last + 1]


async def test_a_range_behind_the_end_is_unsatisfiable(lesson: Lesson) -> None:
    response = await (await login("ada")).get(VIDEO, headers={"Range": f"bytes={SIZE}-"})
    assert (response.status_code, response["Content-Range"], response.content) == (416, f"bytes */{SIZE}", b"")


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=9-2", "seconds=0-5", "nonsense"])
async def test_several_ranges_and_nonsense_get_the_whole(lesson: Lesson, asked: str) -> None:
    response = await (await login("ada")).get(VIDEO, headers={"Range": asked})
    assert response.status_code == 200
    assert await body(response) == CONTENT


async def test_a_range_of_another_version_gets_the_whole_of_this_one(lesson: Lesson) -> None:
    client = await login("ada")
    known = await client.head(VIDEO)
    for validator, status in {
        known["ETag"]: 206,
        known["Last-Modified"]: 206,
        '"another"': 200,
        f"W/{known['ETag']}": 200,
        http_date(0): 200,
    }.items():
        response = await client.get(VIDEO, headers={"Range": "bytes=0-9", "If-Range": validator})
        assert response.status_code == status, validator
        assert await body(response) == (CONTENT[:10] if status == 206 else CONTENT)


async def test_what_the_client_has_already_is_not_sent_again(lesson: Lesson) -> None:
    client = await login("ada")
    known = await client.head(VIDEO)
    for header, value in {"If-None-Match": known["ETag"], "If-Modified-Since": known["Last-Modified"]}.items():
        response = await client.get(VIDEO, headers={header: value})
        assert (response.status_code, response["ETag"]) == (304, known["ETag"])
    assert (await client.get(VIDEO, headers={"If-Match": '"another"'})).status_code == 412


async def test_head_tells_the_size_and_sends_nothing(lesson: Lesson) -> None:
    response = await (await login("ada")).head(VIDEO, headers={"Range": "bytes=0-9"})
    assert (response.status_code, response["Content-Length"], response.content) == (200, str(SIZE), b"")


@pytest.mark.parametrize("url", [VIDEO, CAPTIONS])
async def test_media_can_only_be_read(lesson: Lesson, url: str) -> None:
    response = await (await login("ada")).post(url)
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


async def test_an_uploaded_page_is_not_served_as_a_page_of_ours(lesson: Lesson) -> None:
    client = await login("ada")
    await asyncio.to_thread(lesson.video.storage.save, "lessons/evil.html", ContentFile(b"<script>"))
    await Lesson.objects.aupdate(video="lessons/evil.html")
    response = await client.head(VIDEO)
    assert response["Content-Type"] == "application/octet-stream"
    assert response["X-Content-Type-Options"] == "nosniff"


async def test_the_file_is_closed_when_the_client_goes_away(lesson: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    closed = asyncio.Event()
    original = FileSystemStorage.open

    def watched(self: FileSystemStorage, name: str, mode: str = "rb") -> Any:
        file = original(self, name, mode)
        close = file.close
        file.close = lambda: (close(), closed.set())
        opened.append(file)
        return file

    monkeypatch.setattr(FileSystemStorage, "open", watched)
    client = await login("ada")
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    scope = {
        "type": "http",
        "method": "GET",
        "path": VIDEO,
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"cookie", cookie.encode())],
    }
    asked, going = asyncio.Event(), asyncio.Event()
    pieces: list[bytes] = []

    async def receive() -> dict[str, Any]:
        if not asked.is_set():
            asked.set()
            return {"type": "http.request", "body": b"", "more_body": False}
        await going.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message.get("body"):
            pieces.append(message["body"])
            assert not closed.is_set()
            going.set()
            await asyncio.Event().wait()  # a client that takes no more

    async with asyncio.timeout(20):
        await ASGIHandler()(scope, receive, send)
        await closed.wait()
    assert [file.closed for file in opened] == [True]
    assert [len(piece) for piece in pieces] == [64 * 1024]


@pytest.mark.parametrize(
    ("header", "size", "wanted"),
    [
        ("bytes=0-", 10, range(10)),
        ("bytes=0-9", 10, range(10)),
        ("bytes=2-4", 10, range(2, 5)),
        ("bytes=9-", 10, range(9, 10)),
        ("bytes=4-99999999999999999999", 10, range(4, 10)),
        ("bytes=-3", 10, range(7, 10)),
        ("bytes=-99", 10, range(10)),
        ("BYTES= 0-1 ", 10, range(2)),
        ("bytes=007-008", 10, range(7, 9)),
        ("bytes=-5", 0, None),
        ("bytes=-", 10, None),
        ("bytes=", 10, None),
        ("", 10, None),
        ("bytes=5-2", 10, None),
        ("bytes=0-1,3-4", 10, None),
        ("bytes=--5", 10, None),
        ("bytes=+1-2", 10, None),
        ("bytes=1_0-", 100, None),
        ("bytes=1-2-3", 10, None),
        ("bytes=\u0661-\u0662", 10, None),
        ("bytes=0x1-2", 10, None),
        ("bytes=1.5-2", 10, None),
        ("items=0-1", 10, None),
        ("bytes 0-1", 10, None),
        ("bytes=" + "9" * 5000 + "-", 10, None),
    ],
)
def test_a_range_header_names_bytes_or_the_whole(header: str, size: int, wanted: range | None) -> None:
    assert parse_range(header, size) == wanted


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=10-", 10), ("bytes=10-12", 10), ("bytes=-0", 10), ("bytes=0-", 0)]
)
def test_a_range_without_any_byte_of_the_file_is_unsatisfiable(header: str, size: int) -> None:
    with pytest.raises(Unsatisfiable):
        parse_range(header, size)
