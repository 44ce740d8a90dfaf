"""A lesson's media: video, captions and poster, served to whoever may see it, in ranges so that players can seek.

Django's FileResponse answers no Range request. servestatic answers them for public files, but knows no If-Range, takes
`-0` and `--5` for ranges and a malformed range for an unsatisfiable one, and starts a thread for each request.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from asgiref.sync import sync_to_async
from django.core.files.base import File
from django.core.files.storage import Storage
from django.db import connection
from django.db.models.fields.files import FieldFile
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from progress.models import Lesson, User
from progress.ranges import Unsatisfiable, parse_range

PIECE_BYTES = 64 * 1024

# Nothing else is named to the browser: an uploaded page must not become a page of ours.
CONTENT_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".ogv": "video/ogg",
    ".vtt": "text/vtt; charset=utf-8",
    ".jpg": "image/jpeg",
}


@require_safe
@cache_control(private=True)
async def video(request: HttpRequest, course: str, lesson: str) -> HttpResponseBase:
    """Answer with the lesson's video: 401 for a stranger, 404 for whoever may not see the lesson."""
    return await _serve(request, course, lesson, "video")


@require_safe
@cache_control(private=True)
async def captions(request: HttpRequest, course: str, lesson: str) -> HttpResponseBase:
    """Answer with the lesson's captions, to the same people as its video."""
    return await _serve(request, course, lesson, "captions")


@require_safe
@cache_control(private=True)
async def poster(request: HttpRequest, course: str, lesson: str) -> HttpResponseBase:
    """Answer with the picture that is shown before the video plays, to the same people."""
    return await _serve(request, course, lesson, "poster")


@dataclass(frozen=True, slots=True)
class Media:
    """A stored file as it was when we looked."""

    storage: Storage
    name: str
    size: int
    modified: datetime

    @property
    def etag(self) -> str:
        """Strong: a file is never written over in place, so time and size tell two files apart."""
        return f'"{int(self.modified.timestamp() * 1_000_000):x}-{self.size:x}"'

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES.get(PurePosixPath(self.name).suffix.lower(), "application/octet-stream")


class Pieces:
    """The wanted bytes of a stored file, in pieces; the file is open only while somebody takes them.

    Django calls `close` when the answer is sent and when the client has gone away. A generator's own `finally` comes
    too late for that: the response keeps the generator until the garbage collector finds both.
    """

    def __init__(self, media: Media, wanted: range) -> None:
        self._media = media
        self._wanted = wanted
        self._file: File[bytes] | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        file = await asyncio.to_thread(self._open)
        left = len(self._wanted)
        while left and (piece := await asyncio.to_thread(file.read, min(PIECE_BYTES, left))):
            left -= len(piece)
            yield piece

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _open(self) -> File[bytes]:
        self._file = self._media.storage.open(self._media.name, "rb")
        self._file.seek(self._wanted.start)
        return self._file


async def _serve(request: HttpRequest, course: str, lesson: str, field: str) -> HttpResponseBase:
    person = await request.auser()
    if not isinstance(person, User):
        return HttpResponse(status=401)  # no redirect to a login page: a player can do nothing with one
    media = await _find(person, course, lesson, field)
    if media is None:
        return HttpResponse(status=404)  # not the page that says it: that is drawn for people, with queries of its own
    conditional = get_conditional_response(request, media.etag, int(media.modified.timestamp()))
    response = conditional if conditional is not None else _answer(request, media)
    response["ETag"] = media.etag
    response["Last-Modified"] = http_date(media.modified.timestamp())
    response["Accept-Ranges"] = "bytes"
    return response


@sync_to_async
def _find(person: User, course: str, lesson: str, field: str) -> Media | None:
    found = Lesson.objects.visible_to(person).filter(course__slug=course, slug=lesson).first()
    if not connection.in_atomic_block:
        # Else a player that is slow to take its bytes would keep a connection of the pool all the while.
        connection.close()
    file: FieldFile | None = getattr(found, field, None)
    if not file or not file.name:
        return None
    try:
        return Media(file.storage, file.name, file.size, file.storage.get_modified_time(file.name))
    except FileNotFoundError:
        return None


def _answer(request: HttpRequest, media: Media) -> HttpResponseBase:
    whole = range(media.size)
    try:
        wanted = _wanted(request, media)
    except Unsatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{media.size}"})
    headers = {"Content-Type": media.content_type, "Content-Length": str(len(whole if wanted is None else wanted))}
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    if wanted is None:
        return StreamingHttpResponse(Pieces(media, whole), headers=headers)
    headers["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{media.size}"
    return StreamingHttpResponse(Pieces(media, wanted), status=206, headers=headers)


def _wanted(request: HttpRequest, media: Media) -> range | None:
    """Return the range asked for, None for the whole. Ranges are for GET alone, and for the file the client knows."""
    header = request.headers.get("Range")
    known = request.headers.get("If-Range", media.etag)
    if header is None or request.method != "GET" or known not in (media.etag, http_date(media.modified.timestamp())):
        return None
    return parse_range(header, media.size)
