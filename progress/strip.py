"""The watched strip as the server draws it: which parts of a lesson were played, as a path and in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from progress import coverage
from progress.coverage import Segment

MOST_SAID = 8
"""Parts that the words name one by one: nobody listens to a hundred."""


@dataclass(frozen=True, slots=True)
class Strip:
    """A strip as wide as the lesson is long, one unit a second and one unit high; `words` say the same."""

    width: str
    path: str
    words: str


def of(segments: Iterable[Sequence[float]], *, duration: float) -> Strip:
    """Draw these seconds of a lesson; what lies outside it is left out."""
    parts = coverage.union(coverage.clamp(((start, end) for start, end in segments), duration=duration))
    return Strip(number(max(duration, 1.0)), "".join(map(_rectangle, parts)), in_words(parts))


def in_words(parts: Sequence[Segment]) -> str:
    """Say which parts these are, the first of them one by one."""
    if not parts:
        return _("Nothing watched yet")
    named = ", ".join(
        _("%(start)s to %(end)s") % {"start": clock(start), "end": clock(end)} for start, end in parts[:MOST_SAID]
    )
    more = len(parts) - MOST_SAID
    if more <= 0:
        return _("Watched %(parts)s") % {"parts": named}
    return ngettext("Watched %(parts)s and %(more)d more part", "Watched %(parts)s and %(more)d more parts", more) % {
        "parts": named,
        "more": more,
    }


def clock(seconds: float) -> str:
    """A place in a lesson as players write it: 1:05, or 1:02:05 from an hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def number(value: float) -> str:
    """A number as SVG reads it, whatever the page's language; a hundredth of a second is finer than any screen."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _rectangle(part: Segment) -> str:
    start, end = part
    return f"M{number(start)} 0H{number(end)}V1H{number(start)}z"
