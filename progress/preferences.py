"""What a person prefers, made safe: the language and the time zone, where they are any that we have."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings

from progress.models import User

UTC = ZoneInfo("UTC")


def language_of(person: User) -> str | None:
    """The person's language, None where we do not speak it: then it is the browser's that counts."""
    return person.language if person.language in dict(settings.LANGUAGES) else None


def zone_of(person: User) -> ZoneInfo:
    """The person's time zone, UTC where there is no such one."""
    return zone_called(person.time_zone) or UTC


def zone_called(name: str) -> ZoneInfo | None:
    """The time zone with this name, None where there is none."""
    return ZoneInfo(name) if name in _zones() else None


@cache
def _zones() -> frozenset[str]:
    # Looked up before it is opened, since a name may be a path. "Factory" and "localtime" no browser knows.
    return frozenset(available_timezones()) - {"Factory", "localtime"}
