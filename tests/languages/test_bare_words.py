"""The search for words that nobody translated finds them, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.template import engines
from django.utils import translation
from pytest_django import Settings

from tests.languages import pseudo
from tests.languages.visible import untranslated


@pytest.mark.parametrize(
    ("markup", "found"),
    [
        ("<p>Bare</p>", ["Bare"]),
        ("<p>{% translate 'Students' %}: 12, 5,5 %</p>", []),
        ("<p>{% translate 'Students' %} here</p>", ["here"]),
        ('<img alt="Bare">', ["Bare"]),
        ('<input placeholder="{% translate "Search" %}"><input type="submit" value="Send">', ["Send"]),
        ("<p>{% blocktranslate %}<b>One</b> whole{% endblocktranslate %}</p>", []),
        ("<p>{% blocktranslate with x='Bob' %}Hello <b>{{ x }}</b>{% endblocktranslate %}, you</p>", [", you"]),
        ("<template><li>Bare</li></template>", ["Bare"]),
        ("<title>Ada Lovelace</title><script>of(no.concern)</script>", []),
        ("<p>Ada Lovelace watches</p>", ["Ada Lovelace watches"]),
    ],
)
def test_a_bare_word_is_found_wherever_it_stands(
    markup: str, found: list[str], tmp_path: Path, settings: Settings
) -> None:
    known = Catalog(locale=pseudo.LANGUAGE)
    for text in ("Students", "Search", "<b>One</b> whole", "Hello <b>%(x)s</b>"):
        known.add(text, f"{pseudo.OPEN}{text}{pseudo.CLOSE}")
    pseudo.write(known, tmp_path)
    settings.LOCALE_PATHS = [tmp_path]
    with translation.override(pseudo.LANGUAGE):
        rendered = engines["django"].from_string("{% load i18n %}" + markup).render()
    assert untranslated(rendered, ["Ada Lovelace"]) == found
