"""The aggregated feed query: what happened, newest first, over all four sources, for one viewer.

It serves page loads and older pages; live entries never come from here, and nobody polls it. One SQL query for each
source that can have a match, each filtered before it is limited and each along an index in the order asked for; what
comes back is merged here. Where a text is looked for, one more asks first what it finds.
"""

from __future__ import annotations

import heapq
from itertools import islice
from typing import Any

from feed.cursor import Cursor, parse_cursor
from feed.entries import Entry, key
from feed.filters import NAMES, Filters, parse_filters
from feed.newest import leading, newest
from feed.reach import reach
from feed.sources import SOURCES
from progress.models import User


def get_student_activity_feed(
    limit: int = 20,
    *,
    viewer: User,
    filters: Filters | None = None,
    before: Cursor | str | None = None,
    **wanted: Any,
) -> list[Entry]:
    """Return up to `limit` entries that `viewer` may see, newest first: by timestamp, type and id, descending.

    What is wanted comes as parsed `filters` or by name, as the API takes them: `type`, `course`, `student` (one or a
    list), `q`, `since`, `until`. `before` is where the last page ended. Raises BadValue for a value that cannot be.
    """
    if unknown := set(wanted) - set(NAMES):
        raise TypeError(f"get_student_activity_feed() knows no filter named {', '.join(sorted(unknown))}")
    chosen = parse_filters(wanted) if filters is None else filters
    cursor = parse_cursor(before) if isinstance(before, str) else before
    sources = [source for source in SOURCES.values() if not chosen.types or source.type in chosen.types]
    word = leading(chosen)
    found = None if word is None else reach(word, viewer)
    pages = [
        [source.entry(row) for row in newest(source, limit, viewer=viewer, filters=chosen, reach=found, before=cursor)]
        for source in sources
    ]
    return list(islice(heapq.merge(*pages, key=key, reverse=True), limit))
