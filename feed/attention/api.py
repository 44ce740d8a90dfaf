"""The HTTP API of who needs somebody (docs/protocol.md)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Schema

from feed.api import PersonOut, PlaceOut
from feed.attention.listing import for_viewer, parse_id
from progress import attention, teaching
from progress.api import body_of, body_schema
from progress.api_schema import also
from progress.models import User
from progress.refusals import BadValue, Refused
from progress.ticks import parse_object

router = Router()


class ReasonOut(Schema):
    """Why a student may need somebody."""

    id: str
    kind: str
    sentence: str
    student: PersonOut
    course: PlaceOut
    lesson: PlaceOut | None
    since: datetime
    url: str
    lesson_url: str | None


class AttentionOut(Schema):
    """Who needs somebody, the most urgent first."""

    reasons: list[ReasonOut]


class DoneOut(Schema):
    """That it is stored, for all instructors of the course."""

    success: bool


SNOOZE = body_schema({"for": {"enum": [*attention.SNOOZES]}}, required=["for"])


def _teacher(request: HttpRequest) -> User:
    person = cast(User, request.user)
    if not teaching.teaches(person):
        raise Refused(403, "nothing_to_see", _("There is no student activity that you may see."))
    return person


def _length(said: object) -> str:
    if not isinstance(said, str) or said not in attention.SNOOZES:
        words = {"lengths": ", ".join(attention.SNOOZES), "got": repr(str(said)[:60])}
        raise BadValue("invalid_snooze", _("for must be one of %(lengths)s; got %(got)s.") % words)
    return said


@router.get("/attention/", response=AttentionOut, openapi_extra=also(403))
def needs(request: HttpRequest) -> dict[str, Any]:
    """Who of the caller's students needs somebody, and why; at most 100 reasons."""
    return {"reasons": [asdict(each) for each in for_viewer(_teacher(request))]}


@router.post("/attention/{reason_id}/dismiss/", response=DoneOut)
def dismiss(request: HttpRequest, reason_id: str) -> dict[str, bool]:
    """Dismiss a reason for all instructors of the course; it comes back when more happens."""
    attention.dismiss(cast(User, request.user), parse_id(reason_id))
    return {"success": True}


@router.post("/attention/{reason_id}/snooze/", response=DoneOut, openapi_extra=SNOOZE)
def snooze(request: HttpRequest, reason_id: str) -> dict[str, bool]:
    """The same for an hour, a day or a week."""
    length = _length(parse_object(body_of(request)).get("for"))
    attention.snooze(cast(User, request.user), parse_id(reason_id), length=length)
    return {"success": True}


@router.post("/attention/{reason_id}/undo/", response=DoneOut, openapi_extra=also(409))
def undo(request: HttpRequest, reason_id: str) -> dict[str, bool]:
    """Bring back what the caller dismissed or snoozed within the last minute."""
    attention.undo(cast(User, request.user), parse_id(reason_id))
    return {"success": True}
