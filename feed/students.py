"""Students by name: for whoever looks for one among those that they teach."""

from __future__ import annotations

from progress.models import User
from progress.querysets import students_of
from progress.text import normalised

LEAST, MOST = 2, 100
"""Characters of a name that is looked for."""
FOUND = 10
"""Names that are offered at once: of more, one types on."""


def search(viewer: User, text: str) -> list[User]:
    """Up to FOUND students of the viewer's in whose names every word occurs, in the order of their names."""
    wanted = normalised(text)
    if not LEAST <= len(wanted) <= MOST:
        return []
    found = students_of(viewer)
    for word in wanted.split():
        found = found.filter(search_text__contains=word)
    return list(found.order_by("search_text", "pk")[:FOUND])


def named(viewer: User, text: str) -> list[User]:
    """Whom a name means: the one who is called so, else everybody whom `search` finds."""
    exactly = list(students_of(viewer).filter(search_text=normalised(text))[: FOUND + 1])
    return exactly if len(exactly) == 1 else search(viewer, text)


def with_ids(viewer: User, ids: list[str]) -> dict[str, User]:
    """Those of the viewer's students who have these ids, by id."""
    known = [int(each) for each in ids if each.isascii() and each.isdecimal() and len(each) < 19]
    return {str(each.pk): each for each in students_of(viewer).filter(pk__in=known)}
