"""News: the achievements that a person has earned since they were last told of one; each is told once.

Whoever asks takes them (a page that is loaded, or one that is open and heard of something), under the lock of the
person's row: of two tabs and three devices one tells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.db import transaction
from django.http import HttpRequest

from progress import achievement_facts
from progress.achievements import Achievement, achievements
from progress.models import User


def take(person: User) -> list[Achievement]:
    """Return what is new, oldest first; from now on it is not new any more.

    Where nothing was recorded since, that is one small query. What is told is bounded by the newest record, read before
    the others: whatever commits meanwhile is newer, and told next time.
    """
    newest = achievement_facts.newest(person)
    if newest is None or newest <= person.achievements_told_to:
        return []
    with transaction.atomic():
        row = User.objects.select_for_update(no_key=True).filter(pk=person.pk)
        told_to = row.values_list("achievements_told_to", flat=True).first()
        newest = achievement_facts.newest(person)
        if told_to is None or newest is None or newest <= told_to:
            return []
        found = achievements(achievement_facts.read(person))
        User.objects.filter(pk=person.pk).update(achievements_told_to=newest)
    fresh = [each for each in found if each.reached.at and told_to < each.reached.at <= newest]
    return sorted(fresh, key=lambda each: each.reached.at or newest)


def for_page(request: HttpRequest) -> dict[str, Callable[[], list[Achievement]]]:
    """Context for templates: `achievement_news`, taken by the page that shows them (templates/_toasts.html).

    A HEAD request shows nothing, and whoever posts is sent to another page. As in project/navigation.py, nobody is
    looked up for an address that there is not.
    """
    person: Any = getattr(request, "user", None)
    shows = request.method == "GET" and request.resolver_match is not None
    if not shows or person is None or not person.is_authenticated:
        return {"achievement_news": list}
    return {"achievement_news": lambda: take(cast(User, person))}
