"""The gate: what a lesson still wants before it is completed. Every path to completion asks here, and the page too."""

from __future__ import annotations

from enum import Enum, auto
from typing import Literal

from django.utils.translation import gettext as _

Missing = Literal["watched", "quiz"]


class Asked(Enum):
    """Who wants the lesson completed."""

    BY_WATCHING = auto()
    """Nobody: it completes by itself."""
    BY_STUDENT = auto()
    """The student, who marked it as complete: how much was watched is not asked."""
    BY_SCHOOL = auto()
    """Somebody of the school, who confirmed it with a reason: nothing more is asked."""


def missing(
    *, percentage: float, threshold: float, quiz_pending: bool, asked: Asked = Asked.BY_WATCHING
) -> list[Missing]:
    """Return what is missing: enough watched (in percent), and a required quiz passed."""
    wants: list[Missing] = []
    if percentage < threshold and asked is Asked.BY_WATCHING:
        wants.append("watched")
    if quiz_pending and asked is not Asked.BY_SCHOOL:
        wants.append("quiz")
    return wants


def in_words(wants: list[Missing], *, percentage: float, threshold: float) -> list[str]:
    """Say why a lesson is not completed yet, a sentence for each thing that is missing."""
    sentences = {
        "watched": _("Watched %(percentage)d%% of the %(threshold)d%% needed.")
        % {"percentage": percentage, "threshold": threshold},
        "quiz": _("The quiz is not passed yet."),
    }
    return [sentences[each] for each in wants]
