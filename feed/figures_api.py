"""The HTTP API of the dashboard's figures (docs/protocol.md)."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest
from ninja import Router, Schema

from feed import course_cards, figures
from feed.pages import instructor
from progress.api_schema import also
from progress.models import User

router = Router()


class ComparedOut(Schema):
    """A count of today, and of a week ago up to the same time of day."""

    today: int
    week_ago: int


class CountsOut(Schema):
    """What is counted of the day."""

    completions: ComparedOut
    passes: ComparedOut
    certificates: ComparedOut


class FiguresOut(Schema):
    """The figures, and which live entries are in them already."""

    day: str
    since: str
    until: str
    settled: str
    recent: list[str]
    counts: CountsOut
    courses: dict[int, int]
    active: int
    here: int | None
    watching: int | None


@router.get("/figures/", response=FiguresOut, openapi_extra=also(403))
def today(request: HttpRequest) -> dict[str, Any]:
    """What happened today among the students whom the caller teaches, as the dashboard counts it."""
    person = instructor(cast(User, request.user))
    read = figures.shared(person)
    return read.as_json() | {"courses": course_cards.completions(person, read.day)}
