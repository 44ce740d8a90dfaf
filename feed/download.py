"""`/dashboard/students/csv/`: the filtered history as one file, of any length, read and sent piece by piece.

Each piece is a page of the feed, begun below the last entry of the one before, with the rights that its reader has
then. It is read once the one before it has been taken (project/outflow.py); in between nothing is held but a place
among the downloads of this person: no thread, no connection of the pool.
"""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from collections.abc import AsyncIterator
from typing import cast
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from feed.csv_lines import Lines
from feed.cursor import Cursor, after, parse_cursor
from feed.entries import Entry
from feed.filters import Filters
from feed.forms import parse_form
from feed.pages import instructor
from feed.query import get_student_activity_feed
from progress import metrics
from progress.models import Disclosure, User
from progress.preferences import zone_of
from progress.privacy import disclosures

PIECE = 1000
"""Entries read at a time: some 150 KB of text."""


class Downloads:
    """How many files each person is being sent by this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: Counter[int] = Counter()

    def begin(self, person_id: int) -> bool:
        """Count one more; False where there are as many as LIMIT_DOWNLOADS_PER_PERSON allows."""
        most = settings.LIMIT_DOWNLOADS_PER_PERSON
        with self._lock:
            if most and self._of[person_id] >= most:
                return False
            self._of[person_id] += 1
            return True

    def end(self, person_id: int) -> None:
        """Count one less."""
        with self._lock:
            self._of[person_id] -= 1
            if not self._of[person_id]:
                del self._of[person_id]


_downloads = Downloads()


class Pieces:
    """A file's pieces. Its place among the downloads ends with `close`, which Django calls however the answer ends."""

    def __init__(self, person_id: int, filters: Filters, lines: Lines) -> None:
        self._person_id = person_id
        self._filters = filters
        self._lines = lines
        self._noted: set[int] = set()
        # Also where the client went before there was an answer that Django could close.
        self.close = weakref.finalize(self, _downloads.end, person_id)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._lines.head().encode()
        before: Cursor | None = None
        while True:
            entries, text = await sync_to_async(self._read)(before)
            if text:
                yield text
            if len(entries) < PIECE:
                return
            before = parse_cursor(after(entries[-1]))

    def _read(self, before: Cursor | None) -> tuple[list[Entry], bytes]:
        try:
            # Anew each time: whoever may see less by now gets no more of it.
            viewer = User.objects.get(pk=self._person_id)
            entries = get_student_activity_feed(PIECE, viewer=viewer, filters=self._filters, before=before)
            if self._filters.students:
                shown = {entry["user"]["id"] for entry in entries} - self._noted
                disclosures.note(viewer, shown, Disclosure.Where.FEED)
                self._noted |= shown
            return entries, self._lines.of(entries).encode()
        finally:
            _give_back()


@require_GET
@login_required
async def students_csv(request: HttpRequest) -> HttpResponseBase:
    """What the students page would show with these filters, all of it, as CSV.

    Wrong filters lead to that page, which says what is wrong. 429 where this person has downloads enough under way.
    """
    person = cast(User, await request.auser())
    return await sync_to_async(_answer)(request, person)


def _answer(request: HttpRequest, person: User) -> HttpResponseBase:
    try:
        instructor(person)
        _, filters, error = parse_form(request.GET, person)
        if error:
            return redirect(f"{request.path.removesuffix('csv/')}?{urlsplit(request.get_full_path()).query}")
        if not _downloads.begin(person.pk):
            return _too_many(request)
        pieces = Pieces(person.pk, filters, Lines(zone_of(person)))
    finally:
        _give_back()
    day = timezone.now().astimezone(zone_of(person)).date()
    return StreamingHttpResponse(
        pieces,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="students-{day.isoformat()}.csv"'},
    )


def _too_many(request: HttpRequest) -> HttpResponse:
    metrics.met("downloads_per_person")
    sentence = gettext("You are downloading as many files as you may at once. Try again when one of them has arrived.")
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        refusal = {"success": False, "error": sentence, "code": "too_many_downloads"}
        return JsonResponse(refusal, status=429, headers={"Retry-After": "30"})
    answer = render(request, "feed/too_many_downloads.html", {"text": sentence}, status=429)
    answer["Retry-After"] = "30"
    return answer


def _give_back() -> None:
    # Else a reader that is slow would keep a connection of the pool all the while.
    if not connection.in_atomic_block:
        connection.close()
