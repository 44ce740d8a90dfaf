"""Chips: which filters are set, one by one, each with the address of the same page without it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.http import QueryDict

from feed.entries import TYPES
from feed.forms import FilterForm
from progress.models import Course, User


@dataclass(frozen=True, slots=True)
class Chip:
    """One value of one filter; `label` is empty where the template has words for it, or nobody has."""

    name: str
    value: str
    label: str
    without: str


def chips(query: QueryDict, form: FilterForm, courses: Iterable[Course], students: Mapping[str, User]) -> list[Chip]:
    """The chips of a form, in the order of its fields."""
    titles = {str(course.pk): course.title for course in courses}
    texts = [("q", form["q"], form["q"])] if form["q"] else []
    texts += [("type", value, "") for value in form["type"] if value in TYPES]
    texts += [("course", value, titles.get(value, "")) for value in form["course"] if value]
    texts += [
        ("student", value, students[value].name if value in students else "") for value in form["student"] if value
    ]
    texts += [("since", form["since"], form["since"][:10])] if form["since"] else []
    texts += [("until", form["until"], form["until"][:10])] if form["until"] else []
    return [Chip(name, value, label, _without(query, name, value)) for name, value, label in texts]


def _without(query: QueryDict, name: str, value: str) -> str:
    left = query.copy()
    left.setlist(name, [each for each in left.getlist(name) if each.strip() != value])
    for other in ("before", "student_name"):
        left.pop(other, None)
    return f"?{left.urlencode()}"
