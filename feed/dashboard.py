"""The dashboard: the home of who watches students, with today's figures, the courses and the last entries, live."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from feed import course_cards, figures
from feed.attention.pages import panel
from feed.pages import BLANK_ENTRIES, feed_of, instructor
from feed.presence import scope as presence_scope
from progress import suspicions
from progress.models import User

LAST_ENTRIES = 10
WORTH_A_LOOK = 10


@login_required
def dashboard(request: HttpRequest) -> HttpResponse:
    """The page; nothing on it is asked for again until something changes."""
    person = instructor(cast(User, request.user))
    # Entries before figures: what comes between the two is counted, and known to be counted.
    feed = feed_of(person, limit=LAST_ENTRIES)
    seats = presence_scope.seen_by(person)
    today = figures.read(person, seats)
    cards = course_cards.of(person, today.day)
    context = {
        "feed": feed,
        "figures": today,
        "told": today.as_json() | {"courses": {card["course"].pk: card["completions"] for card in cards}},
        "cards": cards,
        "has_students": any(card["stand"].students for card in cards),
        "attention": panel(request, person, seats),
        "suspicions": suspicions.seen_by(person, limit=WORTH_A_LOOK),
        "is_live": True,
        "blank_entries": BLANK_ENTRIES,
    }
    return render(request, "feed/dashboard.html", context)
