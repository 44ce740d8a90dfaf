"""The filter form of the students page: days as people write them become moments, and stay in the URL."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

from django.http import QueryDict

from feed.entries import timestamp
from feed.filters import Filters, parse_filters
from progress.models import User
from progress.preferences import zone_of
from progress.refusals import BadValue


class FilterForm(TypedDict):
    """The form's values as given, to show them again."""

    type: list[str]
    course: list[str]
    student: list[str]
    q: str
    since: str
    until: str


def parse_form(query: QueryDict, viewer: User) -> tuple[FilterForm, Filters, BadValue | None]:
    """Return the form's values, the filters they mean, and what is wrong with them if anything is.

    `since` and `until` may be days: they then begin and end in the viewer's time zone, `until` included. A form with
    a wrong value filters nothing: its page says why instead of showing an empty list.
    """
    form: FilterForm = {
        "type": query.getlist("type"),
        "course": query.getlist("course"),
        "student": query.getlist("student"),
        "q": query.get("q", "").strip(),
        "since": query.get("since", ""),
        "until": query.get("until", ""),
    }
    values: dict[str, Any] = dict(form)
    zone = zone_of(viewer)
    try:
        values["since"] = _moment(form["since"], zone, days_later=0)
        values["until"] = _moment(form["until"], zone, days_later=1)
        return form, parse_filters(values), None
    except BadValue as error:
        return form, Filters(), error


def as_frame(filters: Filters) -> dict[str, Any]:
    """The filters as a `subscribe` frame and the API take them; what is not filtered is left out."""
    values: dict[str, Any] = {
        "type": sorted(filters.types),
        "course": sorted(filters.courses),
        "student": sorted(filters.students),
        "q": " ".join(filters.words),
        "since": timestamp(filters.since) if filters.since else "",
        "until": timestamp(filters.until) if filters.until else "",
    }
    return {name: value for name, value in values.items() if value}


def _moment(text: str, zone: ZoneInfo, *, days_later: int) -> str:
    try:
        day = datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 - a day, its zone follows
    except ValueError:
        return text  # a moment, or nothing, or wrong: parse_filters says which
    try:
        return timestamp(datetime.combine(day.date() + timedelta(days=days_later), time.min, tzinfo=zone))
    except OverflowError:
        return text
