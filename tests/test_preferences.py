"""A person's own settings: saved whole or not at all, and only those."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from progress import preferences
from progress.models import User
from tests.cast import Cast

pytestmark = pytest.mark.django_db
PATH = "/me/settings/"
CHOSEN = {"language": "en", "time_zone": "Europe/Berlin", "theme": "dark", "name_hidden": "on"}


def saved(person: User, **changed: Any) -> Any:
    """The answer to the form."""
    client = Client()
    client.force_login(person)
    form = {name: value for name, value in {**CHOSEN, **changed}.items() if value is not None}
    return client.post(PATH, form, follow=True)


def chosen_by(person: User) -> tuple[str, str, str, bool]:
    """What is stored."""
    stored = User.objects.get(pk=person.pk)
    return stored.language, stored.time_zone, stored.theme, stored.name_hidden


def test_what_is_chosen_is_stored_and_said(cast: Cast) -> None:
    before = User.objects.filter(pk=cast.ada.pk).values().get()
    answer = saved(cast.ada)
    assert chosen_by(cast.ada) == ("en", "Europe/Berlin", "dark", True)
    html = answer.content.decode()
    assert "Your settings are saved." in html
    assert 'data-theme="dark"' in html
    after = User.objects.filter(pk=cast.ada.pk).values().get()
    changed = {name for name in before if before[name] != after[name]} - {"last_login"}
    assert changed == {"language", "time_zone", "theme", "name_hidden"}
    saved(cast.ada, name_hidden=None)
    assert chosen_by(cast.ada)[3] is False
    assert chosen_by(cast.bob) == ("", "UTC", "system", False)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"time_zone": "Europe/Atlantis"}, "There is no time zone “Europe/Atlantis”."),
        ({"time_zone": ""}, "Choose a time zone."),
        ({"time_zone": "../../etc/passwd"}, "There is no time zone"),
        ({"time_zone": "x" * 65}, "at most 64 characters"),
        ({"theme": "pink"}, "pink is not one of the available choices"),
        ({"language": "xx"}, "xx is not one of the available choices"),
        ({"theme": None}, "This field is required"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_stored_or_lost(
    cast: Cast, changed: dict[str, Any], sentence: str
) -> None:
    answer = saved(cast.ada, **changed)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in html
    assert "Nothing is saved yet" in html
    assert chosen_by(cast.ada) == ("", "UTC", "system", False)
    if "time_zone" in changed:
        assert f'value="{changed["time_zone"]}"' in html  # what was typed is still there, with all the rest
        assert 'value="dark" checked' in html
    assert 'name="name_hidden" checked' in html


def test_the_language_may_be_left_to_the_browser_again(cast: Cast) -> None:
    saved(cast.ada)
    answer = saved(cast.ada, language="")
    assert answer.status_code == 200
    assert chosen_by(cast.ada) == ("", "Europe/Berlin", "dark", True)


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("  europe/berlin ", "Europe/Berlin"),
        ("America/New York", "America/New_York"),
        ("utc", "UTC"),
        ("Berlin", None),
        ("localtime", None),
    ],
)
def test_a_time_zone_is_known_however_it_is_spelt(typed: str, zone: str | None) -> None:
    assert preferences.time_zone_named(typed) == zone


def test_the_page_offers_every_language_and_time_zone(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.ada)
    html = client.get(PATH).content.decode()
    assert all(f'<option value="{code}" lang' in html for code, _ in settings.LANGUAGES)
    assert '<option value="" selected>Like the browser</option>' in html
    assert len(preferences.time_zones()) > 400
    assert all(f'<option value="{name}">' in html for name in preferences.time_zones())
    assert "Your settings are saved." not in html
