"""Relative times: how long ago something was, in the same words as project/static/js/times.js then keeps current.

Both have their words from CLDR, here by Babel, there by Intl.RelativeTimeFormat, so the first paint does not change.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, Literal

from babel import Locale
from babel.dates import TIMEDELTA_UNITS, format_timedelta
from django.utils import timezone
from django.utils.translation import get_language, pgettext, to_locale

Unit = Literal["year", "month", "week", "day", "hour", "minute", "second"]

UNITS: Final[tuple[tuple[Unit, int], ...]] = (
    ("year", 31_557_600),
    ("month", 2_629_800),
    ("week", 604_800),
    ("day", 86_400),
    ("hour", 3_600),
    ("minute", 60),
    ("second", 1),
)
"""Seconds of each, the longest first."""

_OF_BABEL = dict(TIMEDELTA_UNITS)


def ago(at: datetime, now: datetime | None = None) -> str:
    """How long ago, in words of the active language: the largest unit that is full, seconds in tens."""
    passed = max(0.0, ((now or timezone.now()) - at).total_seconds())
    unit, length = next((each for each in UNITS if passed >= each[1]), UNITS[-1])
    count = int(passed // 10) * 10 if unit == "second" else int(passed // length)
    return _past(get_language() or "en", unit, count) if count else pgettext("how long ago", "now")


@lru_cache(maxsize=2048)
def _past(language: str, unit: Unit, count: int) -> str:
    # Babel's own lengths give the count back; from its threshold on, the next longer unit would be taken.
    return format_timedelta(
        timedelta(seconds=-count * _OF_BABEL[unit]),
        granularity=unit,
        threshold=1,
        add_direction=True,
        locale=Locale.parse(to_locale(language)),
    )
