"""Template filters of the feed's pages."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Any

import msgspec
from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from feed import relative_time
from feed.entries import Entry

register = template.Library()

LINES_KEPT = 2_048
"""Lines of the feed that a process keeps as they were rendered, two or three kilobytes each: forty pages."""


@register.filter
def as_json(value: Any) -> str:
    """The value as JSON text, for an attribute that a module reads; templates escape it as any other text."""
    return msgspec.json.encode(value).decode()


@register.filter
def moment(timestamp: str) -> datetime | str:
    """An entry's timestamp as a moment; the empty text of a blank row stays empty."""
    return datetime.fromisoformat(timestamp) if timestamp else ""


@register.filter
def day(given: str) -> date | str:
    """The day of a filter's value, which is a day or a moment as it was given; what is neither stays as it is."""
    try:
        return date.fromisoformat(given[:10])
    except ValueError:
        return given[:10]


@register.filter
def ago(at: datetime | str) -> str:
    """How long ago a moment was, in words; the empty text of a blank row stays empty."""
    return relative_time.ago(at) if isinstance(at, datetime) else ""


@register.simple_tag
def feed_line(entry: Entry, student_url: str) -> SafeString:
    """One line of the feed (feed/_entry.html), rendered once for all pages that show the same.

    What a line is made of is its entry, the language, where names lead, and how long ago it was, in words.
    """
    words = ago(moment(entry["timestamp"]))
    return _line(get_language(), student_url, words, msgspec.json.encode(entry))


@lru_cache(maxsize=LINES_KEPT)
def _line(_language: str | None, student_url: str, _words: str, entry: bytes) -> SafeString:
    return render_to_string("feed/_entry.html", {"entry": msgspec.json.decode(entry), "student_url": student_url})


@register.filter
def of_student(pattern: str, pk: int | str) -> str:
    """The attribute that leads to a student, from the address of student 0; nothing where rows link nowhere.

    A blank row keeps the pattern, in which slots.js puts the id.
    """
    return format_html(' href="{}"', pattern.removesuffix("0/") + f"{pk or 0}/") if pattern else ""


@register.filter
def numbers(text: str) -> list[int]:
    """The numbers in a list such as "4,5,11": those for which a sentence is rendered, so that a page can say any."""
    return [int(each) for each in text.split(",")]
