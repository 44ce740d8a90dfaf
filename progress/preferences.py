"""What people choose for themselves: language, time zone, how pages look, whether a class may see their name."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings

from progress.models import User

UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Preferences:
    """One person's choices; every value is one that can be."""

    language: str
    time_zone: str
    theme: str
    name_hidden: bool


def save(person: User, chosen: Preferences) -> None:
    """Save them, and nothing else: names and rights stay, so there is nothing to tell."""
    User.objects.filter(pk=person.pk).update(**asdict(chosen))


def language_of(person: User) -> str | None:
    """The person's language; None where they chose none, or one we do not speak: then the browser's counts."""
    return person.language if person.language in dict(settings.LANGUAGES) else None


def zone_of(person: User) -> ZoneInfo:
    """The person's time zone, UTC where there is no such one."""
    return zone_called(person.time_zone) or UTC


def zone_called(name: str) -> ZoneInfo | None:
    """The time zone with this very name, None where there is none."""
    return ZoneInfo(name) if name in time_zones() else None


def time_zone_named(text: str) -> str | None:
    """The time zone that `text` names, however it is spelt: "europe/berlin" and "America/New York" are ones."""
    return _by_spelling().get("_".join(text.split()).casefold())


@cache
def time_zones() -> dict[str, None]:
    """The time zones that there are, in the order of their names; reading them all takes a while."""
    # "Factory" and "localtime" no browser knows.
    return dict.fromkeys(sorted(available_timezones() - {"Factory", "localtime"}))


@cache
def _by_spelling() -> dict[str, str]:
    return {name.casefold(): name for name in time_zones()}
