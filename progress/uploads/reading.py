"""Reading uploads: the job that makes an uploaded file the video of its lesson, or says why it cannot.

The row is the truth: an upload waits for as long as the row names it. So the job may be killed at any point and run
again, twice at the same time too: whatever it stores before the row is written, it stores under the name that the next
run uses.
"""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from progress import jobs
from progress.models import Lesson
from progress.reconsidering import reconsider_lesson
from progress.uploads import media
from progress.uploads.asking import Problem, ask
from progress.uploads.retries import AFewTimes

_LONGEST_PROBLEM = 300


@jobs.task(name="read_upload", retry=AFewTimes())
async def read_upload(*, lesson: int) -> None:
    """Read the upload that waits at a lesson; nothing to do where none waits, or the lesson is gone."""
    name = await sync_to_async(_waiting)(lesson)
    if not name:
        return
    try:
        duration, poster = await ask(default_storage.path(name))
    except Problem as problem:
        await sync_to_async(_refuse)(lesson, name, str(problem))
    else:
        await sync_to_async(_take)(lesson, name, duration, poster)


def _waiting(pk: int) -> str | None:
    return Lesson.objects.filter(pk=pk).values_list("upload", flat=True).first()


@transaction.atomic
def _take(pk: int, upload: str, duration: float, poster: bytes) -> None:
    lesson = _locked(pk, upload)
    if lesson is None:
        return
    before, shorter = media.names(lesson), duration < lesson.duration
    lesson.poster.name = _store(media.poster_of(upload), poster)
    lesson.video.name, lesson.upload.name = upload, ""
    lesson.video_address, lesson.upload_problem, lesson.duration = "", "", duration
    lesson.save(update_fields=["video", "video_address", "poster", "duration", "upload", "upload_problem"])
    media.remove_later(before - media.names(lesson))
    if shorter:
        jobs.defer_from_thread(reconsider_lesson, {"lesson": pk})


@transaction.atomic
def _refuse(pk: int, upload: str, problem: str) -> None:
    lesson = _locked(pk, upload)
    if lesson is None:
        return
    before = media.names(lesson)
    lesson.upload.name, lesson.upload_problem = "", problem[:_LONGEST_PROBLEM]
    lesson.save(update_fields=["upload", "upload_problem"])
    media.remove_later(before - media.names(lesson))


def _locked(pk: int, upload: str) -> Lesson | None:
    """The lesson, where it still waits for this upload. Ticks, which refer to it, need not wait meanwhile."""
    return Lesson.objects.select_for_update(no_key=True).filter(pk=pk, upload=upload).first()


def _store(name: str, content: bytes) -> str:
    default_storage.delete(name)  # what a run left that was killed before its row was written, perhaps by half
    return default_storage.save(name, ContentFile(content))
