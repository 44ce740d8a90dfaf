"""What becomes of lessons and of files."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from progress import school
from progress.models import Lesson
from progress.uploads import media, reading
from progress.uploads.reading import read_upload
from tests.cast import Cast
from tests.uploads.desk import (
    WEBVTT,
    add,
    asked_to_read,
    change,
    do_removals,
    files,
    filled,
    mp4,
    read_waiting,
    saved_with_a_file,
)
from tests.uploads.films import film, poster_of, spoilt


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
