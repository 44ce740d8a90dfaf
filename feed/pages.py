"""The pages on which the feed is read: students, own activity."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from feed import roster, snapshot
from feed import students as students_by_name
from feed.attention.pages import SHOWN_BESIDE, panel
from feed.chips import chips
from feed.cursor import Cursor, parse_cursor
from feed.entries import TYPES, Entry
from feed.filters import NONE, Filters
from feed.forms import FilterForm, as_frame, parse_form
from feed.presence import scope as presence_scope
from progress import achievement_facts, teaching
from progress.achievements import achievements, in_words
from progress.models import Course, User
from progress.querysets import is_administrator
from progress.refusals import BadValue

PAGE_LIMIT = 50

_SLOTS = {
    "lesson_completed": {"watch_percentage": ""},
    "exam_attempt": {"score": "", "passed": "", "attempt_number": ""},
    "certification_issued": {"certificate_id": ""},
    "progress_update": {"watch_percentage": "", "status": ""},
}

BLANK_ENTRIES: list[Entry] = [
    {
        "id": "",
        "type": type,
        "timestamp": "",
        "user": {"id": "", "name": ""},
        "course": {"id": "", "slug": "", "title": ""},
        "lesson": {"id": "", "slug": "", "title": ""},
        "data": _SLOTS[type],
    }
    for type in TYPES
]
"""One empty entry a type: what the row's template gives for them are the templates of live rows."""


def instructor(person: User) -> User:
    """The person, where they may watch students; else 403."""
    if not (is_administrator(person) or teaching.teaches(person)):
        raise PermissionDenied
    return person


def feed_of(viewer: User, *, limit: int, filters: Filters = NONE, before: Cursor | None = None) -> dict[str, Any]:
    """A snapshot as `feed/_feed.html` wants it."""
    taken = snapshot.take(viewer, limit=limit, filters=filters, before=before)
    asked = as_frame(filters)
    return {
        "entries": taken.entries,
        "next": taken.next,
        "position": taken.position,
        "limit": limit,
        "filters": asked,
        "snapshot_url": f"{reverse('api:feed')}?{urlencode({'limit': limit, **asked}, doseq=True)}",
        "next_url": None,
        "is_paged": False,
    }


@login_required
def students(request: HttpRequest) -> HttpResponse:
    """The full feed: fifty entries, filters, older pages, live; above it who is watching.

    A student is asked for by name, and kept in the address by id: where the name says whom it means, that is where this
    leads; where it does not, the page asks.
    """
    person = instructor(cast(User, request.user))
    context: dict[str, Any] = {"courses": Course.objects.taught_by(person)}
    if name := request.GET.get("student_name", "").strip():
        query = request.GET.copy()
        for each in ("student_name", "before"):
            query.pop(each, None)
        found = students_by_name.named(person, name)
        if len(found) == 1:
            query.appendlist("student", str(found[0].pk))
            return redirect(f"{request.path}?{query.urlencode()}")
        context |= {"student_name": name, "candidates": found, "query": query.urlencode()}
    seats = presence_scope.seen_by(person)
    return _page(
        request,
        person,
        "feed/students.html",
        roster=roster.of(seats, for_class=request.GET.get("view") == "class"),
        attention=panel(request, person, seats, shown=SHOWN_BESIDE),
        **context,
    )


@login_required
def activity(request: HttpRequest) -> HttpResponse:
    """A student's own feed, achievements and milestones."""
    person = cast(User, request.user)
    facts = achievement_facts.read(person)
    found = achievements(facts)
    own = {
        "achievements": found,
        "earned_in_words": in_words(found),
        "steps": achievement_facts.steps(person, facts),
    }
    return _page(request, person, "feed/activity.html", **own)


def _students(person: User, form: FilterForm) -> dict[str, User]:
    return students_by_name.with_ids(person, form["student"]) if form["student"] else {}


def _page(request: HttpRequest, person: User, template: str, **context: Any) -> HttpResponse:
    form, filters, error = parse_form(request.GET, person)
    before = None
    try:
        before = parse_cursor(request.GET["before"]) if request.GET.get("before") else None
    except BadValue as wrong:
        error = wrong
    feed = feed_of(person, limit=PAGE_LIMIT, filters=filters, before=before)
    feed["is_paged"] = True
    if feed["next"]:
        query = request.GET.copy()
        query["before"] = feed["next"]
        feed["next_url"] = f"{request.path}?{query.urlencode()}"
    is_past = filters.until is not None and filters.until <= timezone.now()
    return render(
        request,
        template,
        {
            "feed": feed,
            "form": form,
            "form_error": error,
            "chips": chips(request.GET, form, context.get("courses", ()), _students(person, form)),
            "types": TYPES,
            "is_live": before is None and not is_past,
            "blank_entries": BLANK_ENTRIES,
            **context,
        },
        status=422 if error or context.get("candidates") == [] else 200,
    )
