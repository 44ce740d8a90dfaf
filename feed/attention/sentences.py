"""The reason of a finding, as one whole sentence. Names and titles stand beside it, not in it: what people typed keeps
its direction to itself only in an element of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

from feed.attention.findings import Finding
from progress.attention import Kind

Figures = Mapping[str, int]


def reason(finding: Finding, *, now: datetime) -> str:
    """Say why, in the language that is active."""
    passed = now - finding.since
    return _SAID[finding.kind](
        {**finding.figures, "days": passed.days, "minutes": max(0, int(passed.total_seconds() // 60))}
    )


def _stuck(figures: Figures) -> str:
    return gettext("The part from %(start)s to %(end)s was played at least %(times)d times within half an hour.") % {
        "start": clock(figures["start"]),
        "end": clock(figures["end"]),
        "times": figures["times"],
    }


def _idle(figures: Figures) -> str:
    return (
        ngettext(
            "The lesson is open at %(percent)d%% and nothing has moved for %(minutes)d minute.",
            "The lesson is open at %(percent)d%% and nothing has moved for %(minutes)d minutes.",
            figures["minutes"],
        )
        % figures
    )


def _quiz_failed(figures: Figures) -> str:
    return (
        ngettext(
            "The quiz was failed %(fails)d time; the newest score is %(score)d%%, and %(mark)d%% are needed.",
            "The quiz was failed %(fails)d times; the newest score is %(score)d%%, and %(mark)d%% are needed.",
            figures["fails"],
        )
        % figures
    )


def _gone(figures: Figures) -> str:
    return (
        ngettext(
            "The lesson stands at %(percent)d%%, and nothing of the course was opened for %(days)d day.",
            "The lesson stands at %(percent)d%%, and nothing of the course was opened for %(days)d days.",
            figures["days"],
        )
        % figures
    )


def _behind(figures: Figures) -> str:
    said_figures = {**figures, "students": number_format(figures["students"])}
    if not figures["done"]:
        said = gettext("No lesson is completed; at least half of the %(students)s students have %(median)d or more.")
        return said % said_figures
    return (
        ngettext(
            "%(done)d lesson is completed; at least half of the %(students)s students have %(median)d or more.",
            "%(done)d lessons are completed; at least half of the %(students)s students have %(median)d or more.",
            figures["done"],
        )
        % said_figures
    )


_SAID: dict[Kind, Callable[[Figures], str]] = {
    Kind.STUCK: _stuck,
    Kind.IDLE: _idle,
    Kind.QUIZ_FAILED: _quiz_failed,
    Kind.GONE: _gone,
    Kind.BEHIND: _behind,
}


def clock(seconds: int) -> str:
    """A place in a lesson as the player shows it: minutes and seconds, and hours where there are any."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
