"""A row's template and an entry are one: what an entry has is shown, and what is shown an entry has."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
import time_machine
from django.template.loader import render_to_string
from django.utils import timezone, translation

from feed.entries import TYPES, Entry, timestamp
from feed.pages import BLANK_ENTRIES
from feed.sources import SOURCES
from feed.templatetags.feed import feed_line

AT = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
STUDENT_URL = "/dashboard/students/0/"

COLUMNS: dict[str, tuple[Any, ...]] = {
    "lesson_completed": (92.5, True),
    "exam_attempt": (80.0, True, 1),
    "certification_issued": (uuid.UUID(int=1),),
    "progress_update": (55.0, True, "in_progress"),
}
"""What the sources read of a row, with everything that may be there."""

NOT_SHOWN = {
    "id",  # data-entry-id
    "type",  # data-type
    "course.id",  # data-course
    "course.slug",  # no row leads to a course
    "lesson.id",  # data-lesson
    "lesson.slug",  # no row leads to a lesson
    "data.status",  # data-status: a completed lesson has its own row
}
"""Fields without a slot, everywhere."""

NOT_SHOWN_OF = {
    "lesson_completed": set[str](),
    "exam_attempt": {"lesson"},  # it has none
    "certification_issued": {"lesson"},
    "progress_update": set[str](),
}


class Slots(HTMLParser):
    """The slots of a piece of markup, and the attributes of each."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.found: dict[str, list[dict[str, str | None]]] = {}
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what fills the element, or shows and hides it."""
        attributes = dict(attrs)
        for name in ("data-slot", "data-if", "data-unless"):
            if path := attributes.get(name):
                self.found.setdefault(path, []).append(attributes)


def entry_of(type: str) -> Entry:
    """An entry as its source gives it."""
    source = SOURCES[type]
    lesson = (7, "bernoulli", "Bernoulli numbers") if source.lesson else ()
    return source.entry((91, AT, 17, "Ada", "Lovelace", "ada", 3, "algorithms", "Algorithms", *lesson, *COLUMNS[type]))


def row_of(entry: Entry, student_url: str = STUDENT_URL) -> str:
    """The row's markup."""
    return render_to_string("feed/_entry.html", {"entry": entry, "student_url": student_url})


def fields(value: Any, path: str = "") -> set[str]:
    """The paths of all values."""
    if not isinstance(value, dict):
        return {path}
    return {each for key, inner in value.items() for each in fields(inner, f"{path}.{key}" if path else key)}


def blank_of(type: str) -> Entry:
    """The blank entry from which live rows of a type are made."""
    return next(entry for entry in BLANK_ENTRIES if entry["type"] == type)


@pytest.mark.parametrize("type", TYPES)
def test_every_slot_is_a_field_and_every_field_has_a_slot(type: str) -> None:
    shown = fields(entry_of(type)) - NOT_SHOWN - NOT_SHOWN_OF[type]
    assert set(Slots(row_of(blank_of(type))).found) == shown


@pytest.mark.parametrize("type", TYPES)
def test_a_row_of_the_page_and_one_to_clone_have_the_same_slots(type: str) -> None:
    assert set(Slots(row_of(entry_of(type))).found) == set(Slots(row_of(blank_of(type))).found)
    blank = fields(blank_of(type)["data"])
    assert blank | {"claimed"} == fields(entry_of(type)["data"]) | {"claimed"}


def test_what_is_said_not_to_be_shown_is_a_field_that_stands_in_an_attribute_or_nowhere() -> None:
    everything = {path for type in TYPES for path in fields(entry_of(type))}
    assert everything >= NOT_SHOWN
    row = row_of(entry_of("progress_update"))
    for attribute, value in {
        "data-entry-id": "progress_update:91",
        "data-type": "progress_update",
        "data-user": "17",
        "data-course": "3",
        "data-lesson": "7",
        "data-status": "in_progress",
    }.items():
        assert f'{attribute}="{value}"' in row


@pytest.mark.parametrize("type", TYPES)
def test_a_name_leads_to_its_student_where_names_do(type: str) -> None:
    [link] = Slots(row_of(entry_of(type))).found["user.id"]
    assert (link["data-format"], link["href"]) == ("address", "/dashboard/students/17/")
    [blank] = Slots(row_of(blank_of(type))).found["user.id"]
    assert blank["href"] == STUDENT_URL
    [nowhere] = Slots(row_of(entry_of(type), "")).found["user.id"]
    assert "href" not in nowhere


@pytest.mark.parametrize("type", TYPES)
def test_runs_fill_only_what_their_rows_have(type: str) -> None:
    sentences = render_to_string("feed/_runs.html")
    kinds = {"exam_attempt": ("exam_attempt", "exam_passed")}.get(type, (type,))
    for kind in kinds:
        found = re.findall(rf'<template data-counted="{kind}".*?</template>', sentences, re.DOTALL)
        assert found
        for sentence in found:
            assert set(Slots(sentence).found) <= fields(entry_of(type))


def test_a_line_that_is_kept_is_the_one_that_would_be_rendered_now() -> None:
    entry = entry_of("lesson_completed")
    changes: list[Entry] = [
        entry,
        {**entry, "user": {**entry["user"], "name": "Ada King"}},
        {**entry, "data": {**entry["data"], "watch_percentage": 41.5}},
        {**entry, "timestamp": timestamp(timezone.now() - timedelta(minutes=3))},
    ]
    for _ in range(2):
        for language in ("en", "de"):
            with translation.override(language):
                for each in changes:
                    for url in (STUDENT_URL, ""):
                        assert feed_line(each, url) == row_of(each, url)
    # Three minutes become four on a page that is loaded later.
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        assert feed_line(changes[-1], "") == row_of(changes[-1], "")
        assert "4 minutes ago" in feed_line(changes[-1], "")
