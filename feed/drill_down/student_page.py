"""The page of one student: what they have done in the viewer's courses, and their feed, live."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from feed import attention
from feed.cursor import Cursor, parse_cursor
from feed.drill_down.student import studies_of
from feed.filters import Filters
from feed.pages import BLANK_ENTRIES, feed_of
from progress.models import Disclosure, User
from progress.privacy import disclosures
from progress.querysets import students_of
from progress.refusals import BadValue

FEED_LIMIT = 20


@login_required
@require_safe
def student(request: HttpRequest, student_id: int) -> HttpResponse:
    """`/dashboard/students/<id>/`: that this student was looked at is kept."""
    viewer = cast(User, request.user)
    shown = get_object_or_404(students_of(viewer), pk=student_id)
    disclosures.note(viewer, [shown.pk], Disclosure.Where.STUDENT)
    before, error = _before(request)
    feed = feed_of(viewer, limit=FEED_LIMIT, filters=Filters(students=frozenset({shown.pk})), before=before)
    feed["is_paged"] = True
    if feed["next"]:
        feed["next_url"] = f"{request.path}?{urlencode({'before': feed['next']})}"
    return render(
        request,
        "feed/student.html",
        {
            "student": shown,
            "studies": studies_of(shown, viewer=viewer),
            "reasons": attention.for_student(viewer, shown),
            "feed": feed,
            "feed_error": error,
            "is_live": before is None,
            "blank_entries": BLANK_ENTRIES,
        },
        status=422 if error else 200,
    )


def _before(request: HttpRequest) -> tuple[Cursor | None, BadValue | None]:
    given = request.GET.get("before")
    try:
        return (parse_cursor(given) if given else None), None
    except BadValue as wrong:
        return None, wrong
