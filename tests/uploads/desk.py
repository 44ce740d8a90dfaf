"""Whoever uploads: the admin site's form, and the jobs that follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asgiref.sync import async_to_sync
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from progress import school
from progress.models import Course, Lesson
from progress.uploads import media
from progress.uploads.reading import read_upload
from tests.cast import Cast
from tests.uploads.films import film

WEBVTT = b"WEBVTT\n\n00:00.000 --> 00:02.000\nHello\n"
READING_WITHIN = 40.0
"""A job of a killed worker is given back after ten seconds or so."""


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


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
