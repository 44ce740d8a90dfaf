"""The roster as a page shows it first: a card for each student who is there, those who may need a word on top."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from feed import presence
from feed.presence import Seat, State, naming, rules
from feed.presence.naming import Person

CARDS = 24
"""Cards that the page is made with; the page's script adds the others with the first frame."""

STATES: tuple[State, ...] = ("idle", "paused", "playing", "gone")
"""In the order in which they stand: who has stopped may need a word, who plays needs none."""


@dataclass(frozen=True, slots=True)
class Card:
    """What is shown of a seat; `path` draws the watched strip, CELLS wide and one high."""

    user_id: int
    lesson_id: int
    name: str
    is_hidden: bool
    title: str
    state: State
    since: datetime
    percentage: int
    watched: str
    path: str

    @property
    def address(self) -> str:
        """The student's page."""
        return reverse("student", args=[self.user_id])


def of(seats: list[Seat] | None, *, for_class: bool = False) -> dict[str, Any]:
    """Return the roster of these seats, for the template.

    `for_class`: everybody may be looking, so names of students who hide theirs are left out. `cards` is None where
    `seats` is, since Redis is away: then nobody knows.
    """
    known = _known(seats or [])
    states = Counter(seat.state for seat, _, _ in known)
    return {
        "cards": None if seats is None else [_card(*each, for_class) for each in known[:CARDS]],
        "is_away": seats is None,
        "more": max(0, len(known) - CARDS),
        "here": presence.tally(seats or []).here,
        "filters": [(state, states[state]) for state in STATES],
        "all": len(known),
        "for_class": for_class,
        "student_address": reverse("student", args=[0]),
        "cells": rules.CELLS,
    }


def _known(seats: list[Seat]) -> list[tuple[Seat, Person, str]]:
    """Seats with student and lesson title, in the order of the page; of thousands it shows but the first few."""
    names = naming.read_from_thread({seat.user_id for seat in seats}, {seat.lesson_id for seat in seats})
    known = [
        (seat, names.people[seat.user_id], names.lessons[seat.lesson_id])
        for seat in seats
        if seat.user_id in names.people and seat.lesson_id in names.lessons
    ]
    known.sort(key=_order)
    return known


def _order(each: tuple[Seat, Person, str]) -> tuple[int, str, int, int]:
    seat, person, _ = each
    return STATES.index(seat.state), person.name.casefold(), seat.user_id, seat.lesson_id


def _card(seat: Seat, person: Person, title: str, for_class: bool) -> Card:
    return Card(
        seat.user_id,
        seat.lesson_id,
        "" if person.hidden and for_class else person.name,
        person.hidden,
        title,
        seat.state,
        seat.since.replace(microsecond=0),
        int(seat.percentage),
        seat.watched,
        path_of(seat.watched),
    )


def path_of(watched: str) -> str:
    """Return the SVG path of a watched strip, a box for each run of cells; roster.js draws the same."""
    return "".join(f"M{start} 0h{length}v1h-{length}z" for start, length in rules.runs(watched))
