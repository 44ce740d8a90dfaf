"""Views: what is asked of the feed query in a school, by whom and with which filters.

To be imported once Django is set up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from feed.cursor import after
from feed.entries import TYPES, Entry
from feed.filters import NONE, Filters, parse_filters
from feed.query import get_student_activity_feed
from progress.models import Course, User

ENTRIES = 50
"""On a page."""

COURSES = 50
"""Taught by the instructor of many: the quiet one among them."""


@dataclass(frozen=True, slots=True)
class View:
    """One person's view of the feed, through these filters."""

    title: str
    viewer: User
    filters: Filters = NONE
    along: str = ""
    """The index of trigrams along which the text is found, or found not to be there."""

    def page(self, before: str | None = None) -> list[Entry]:
        """The newest entries, or those older than the cursor."""
        return get_student_activity_feed(ENTRIES, viewer=self.viewer, filters=self.filters, before=before)

    def turned(self, pages: int) -> tuple[int, str | None]:
        """Turn so many pages, one after the other, or all there are; return the number of the last one that holds
        something, and the cursor before which it begins."""
        before, page = None, self.page()
        for number in range(1, pages):
            if len(page) < ENTRIES:
                return number, before
            following = after(page[-1])
            page = self.page(following)
            if not page:
                return number, before
            before = following
        return pages, before


def views(school: dict[str, Any]) -> list[View]:
    """Everybody's views of this school (tests.bench.school); its further instructors are made here."""
    busy, quiet, student = ({"course": school["busy"]}, {"course": school["quiet"]}, {"student": school["student"]})
    month = datetime.now(UTC) - timedelta(days=30)
    name = {"q": school["name"]}
    asked: list[tuple[str, dict[str, Any], str]] = [
        ("all", {}, ""),
        ("a busy course", busy, ""),
        ("a quiet course", quiet, ""),
        ("one student", student, ""),
        *((f"of type {type}", {"type": type}, "") for type in TYPES),
        ("a busy course, of one type", {**busy, "type": "lesson_completed"}, ""),
        ("a day, 30 days ago", {"since": month, "until": month + timedelta(days=1)}, ""),
        ("a name that many have", name, "lesson_search"),
        (
            "a name that one has",
            {"q": User.objects.filter(username__startswith="pupil").latest("pk").last_name},
            "user_search",
        ),
        ("a quiet course's title", {"q": "abacus"}, "user_search"),
        ("a busy course, a name that many have", {**busy, **name}, "lesson_search"),
    ]
    administrator = User.objects.get(username__startswith="head")
    few, many = _instructors(school)
    return [
        *(View(title, administrator, parse_filters(wanted), along) for title, wanted, along in asked),
        View("an instructor of 1 course", few),
        View(f"an instructor of {COURSES} courses", many),
    ]


def _instructors(school: dict[str, Any]) -> tuple[User, User]:
    few, many = (User.objects.create(username=name, password="!") for name in ("tutor", "dean"))
    few.courses_taught.set([school["busy"]])
    others = Course.objects.exclude(pk=school["quiet"]).order_by("pk")
    many.courses_taught.set([school["quiet"], *others.values_list("pk", flat=True)[: COURSES - 1]])
    return few, many
