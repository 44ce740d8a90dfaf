"""The files of lessons: named so that no name is used twice, and removed once no lesson refers to them.

A name that came again could be removed by a job that was late for the file which had it before.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from pathlib import PurePath

from django.core.files.storage import default_storage
from django.db.models import Q

from progress import jobs
from progress.models import Lesson
from progress.uploads.retries import AFewTimes

FIELDS = ("video", "captions", "poster", "upload")

_AT_ONCE = 8  # names in one job: they are part of its lock, and PostgreSQL indexes no more than 2,700 bytes


def name_anew(lesson: Lesson) -> None:
    """Give each file that is not stored yet a name that none had before; of its own name the kind is kept."""
    for field in FIELDS:
        file = getattr(lesson, field)
        if file and not file._committed:  # as Django itself asks, before it stores a file with its row
            suffix = PurePath(file.name).suffix.lower()
            file.name = f"{lesson.slug[:40]}-{secrets.token_hex(8)}{suffix}"


def poster_of(upload: str) -> str:
    """Return where the poster of an upload is stored: whoever reads the upload again writes it over."""
    return f"posters/{PurePath(upload).stem}.jpg"


def make_way(before: Lesson, lesson: Lesson) -> set[str]:
    """Let what is new take the place of what it replaces; return the fields that changed by that.

    A new upload ends what was said of the one before; the lesson's video goes on until the upload is read. A new
    address takes the video's place at once.
    """
    if lesson.video_address and lesson.video_address != before.video_address:
        lesson.video.name = lesson.poster.name = lesson.upload.name = lesson.upload_problem = ""
        return {"video", "poster", "upload", "upload_problem"}
    if lesson.upload and lesson.upload.name != before.upload.name:
        lesson.upload_problem = ""
        return {"upload_problem"}
    return set()


def names(*lessons: Lesson) -> set[str]:
    """Return the names of all that these lessons have stored, of a poster too that no row tells of yet."""
    found = {str(getattr(lesson, field).name or "") for lesson in lessons for field in FIELDS}
    found |= {poster_of(str(lesson.upload.name)) for lesson in lessons if lesson.upload}
    return found - {""}


def remove_later(names: Collection[str]) -> None:
    """Remove these files, where no lesson refers to them, once the caller's transaction is committed."""
    rest = sorted(names)
    batches = [rest[start : start + _AT_ONCE] for start in range(0, len(rest), _AT_ONCE)]
    jobs.defer_from_thread(remove_media, *({"names": batch} for batch in batches))


@jobs.task(name="remove_media", retry=AFewTimes())
def remove_media(*, names: list[str]) -> None:
    """Remove stored files that no lesson refers to; those that are gone already are no error."""
    for name in names:
        wanted = Q()
        for field in FIELDS:
            wanted |= Q(**{field: name})
        if not Lesson.objects.filter(wanted).exists():
            default_storage.delete(name)
