"""The HTTP API of the feed (docs/protocol.md)."""

from __future__ import annotations

from typing import Any, cast

from asgiref.sync import async_to_sync
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Schema

from feed import catch_up, groups, snapshot, students
from feed.cursor import parse_cursor
from feed.entries import TYPES
from feed.filters import MOST_VALUES, NAMES, parse_filters, parse_object_of_filters
from progress.api import body_of, body_schema
from progress.api_schema import also
from progress.models import User
from progress.refusals import BadValue, Refused
from progress.ticks import parse_object

router = Router()

LIMITS = (1, 200)
DEFAULT_LIMIT = 50


class PersonOut(Schema):
    """Who did it."""

    id: int
    name: str


class PlaceOut(Schema):
    """The course or lesson it was done in."""

    id: int
    slug: str
    title: str


class EntryOut(Schema):
    """One line of the feed. Unknown keys may appear and are ignored."""

    id: str
    type: str
    timestamp: str
    user: PersonOut
    course: PlaceOut
    lesson: PlaceOut | None
    data: dict[str, Any]


class FeedOut(Schema):
    """A page of the feed, the cursor of the next older one, and where live entries continue it."""

    entries: list[EntryOut]
    next: str | None
    position: dict[str, str] | None


class AfterOut(Schema):
    """What came after a position."""

    entries: list[EntryOut]
    withdrawn: list[str]
    position: dict[str, str]
    reset: bool


def _parameter(name: str, schema: dict[str, Any], *, many: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "allowEmptyValue": True,
        "schema": {"type": "array", "items": schema, "maxItems": MOST_VALUES} if many else schema,
    }


ID = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
MOMENT = {
    "type": "string",
    "description": "A moment with its offset, ISO 8601.",
    "examples": ["2026-11-22T16:00:00Z"],
}
FILTERS = {
    "parameters": [
        _parameter("limit", {"type": "integer", "minimum": LIMITS[0], "maximum": LIMITS[1], "default": DEFAULT_LIMIT}),
        _parameter("type", {"type": "string", "enum": [*TYPES]}, many=True),
        _parameter("course", ID, many=True),
        _parameter("student", ID, many=True),
        _parameter("q", {"type": "string"}),
        _parameter("since", MOMENT),
        _parameter("until", MOMENT),
        _parameter("before", {"type": "string"}),
    ]
}
AFTER = body_schema(
    {
        "position": {"description": "As it was given, an object. Whatever else this is cannot be continued: `reset`."},
        "filters": {"type": ["object", "null"]},
    }
)


def _viewer(request: HttpRequest) -> User:
    viewer = cast(User, request.user)
    if not groups.of_viewer(viewer):
        raise Refused(403, "nothing_to_see", _("There is no student activity that you may see."))
    return viewer


def _limit(text: str) -> int:
    least, most = LIMITS
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and least <= int(text) <= most):
        said = {"least": least, "most": most, "got": repr(text[:60])}
        raise BadValue(
            "invalid_limit", _("limit must be a whole number from %(least)d to %(most)d; got %(got)s.") % said
        )
    return int(text)


@router.get("/feed/", response=FeedOut, openapi_extra=FILTERS | also(403))
def feed(request: HttpRequest) -> dict[str, Any]:
    """What happened, newest first: everything that the caller may see and the filters admit."""
    viewer = _viewer(request)
    before = request.GET.get("before")
    taken = snapshot.take(
        viewer,
        limit=_limit(request.GET.get("limit") or str(DEFAULT_LIMIT)),
        filters=parse_filters({name: request.GET.getlist(name) for name in NAMES}),
        before=parse_cursor(before) if before else None,
    )
    return {"entries": taken.entries, "next": taken.next, "position": taken.position}


@router.post("/feed/after/", response=AfterOut, openapi_extra=AFTER)
def after(request: HttpRequest) -> dict[str, Any]:
    """What came after a position, for pages without a socket; it is read from the histories."""
    viewer = _viewer(request)
    asked = parse_object(body_of(request))
    position = catch_up.parse_position(asked.get("position"), groups.of_viewer(viewer))
    told = async_to_sync(catch_up.since)(position, parse_object_of_filters(asked.get("filters")))
    return {"entries": told.entries, "withdrawn": told.withdrawn, "position": told.position, "reset": told.reset}


class StudentsOut(Schema):
    """Students whose names were looked for."""

    students: list[PersonOut]


NAME = {"parameters": [_parameter("q", {"type": "string"})]}


@router.get("/students/", response=StudentsOut, openapi_extra=NAME)
def students_by_name(request: HttpRequest) -> dict[str, Any]:
    """Up to ten students of the caller's in whose names every word of `q` occurs; none for a single letter."""
    found = students.search(cast(User, request.user), request.GET.get("q", ""))
    return {"students": [{"id": each.pk, "name": each.name} for each in found]}
