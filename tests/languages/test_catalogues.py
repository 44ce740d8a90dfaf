"""The catalogues: complete, as the code has its sentences now, and whole when they are compiled."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message
from django.conf import settings
from pytest_django import Settings

from project import catalogues, checks

FILES = catalogues.catalogues()
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[^(]")
TAG = re.compile(r"<[^>]+>")


def forms_of(texts: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts)


def messages_of(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def test_every_language_that_may_be_chosen_has_a_catalogue_and_the_other_way_round() -> None:
    written = {file.parent.parent.name for file in FILES}
    assert written | {settings.LANGUAGE_CODE} == set(dict(settings.LANGUAGES))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.parent.name)
def test_a_catalogue_is_what_make_messages_would_write(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / file.parent.parent.name / "LC_MESSAGES" / file.name
    copy.parent.mkdir(parents=True)
    shutil.copy(file, copy)
    catalogues.update(tmp_path)
    assert copy.read_text() == file.read_text(), "make messages, then translate what is new"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.parent.name)
def test_every_sentence_is_translated(file: Path) -> None:
    catalogue = catalogues.read(file)
    assert [message.id for message in messages_of(catalogue) if not catalogues.is_translated(message)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.parent.name)
def test_a_translation_has_the_placeholders_and_elements_of_its_sentence(file: Path) -> None:
    wrong = []
    for message in messages_of(catalogues.read(file)):
        ids = forms_of(message.id)
        for number, form in enumerate(forms_of(message.string)):
            id = ids[min(number, len(ids) - 1)]
            for kind in (PLACEHOLDER, TAG):
                if sorted(kind.findall(form)) != sorted(kind.findall(id)):
                    wrong.append((id, form))
    assert wrong == []


def test_sentences_are_found_in_templates_and_in_code(tmp_path: Path) -> None:
    for folder in (*catalogues.CODE, catalogues.TEMPLATES):
        (tmp_path / folder).mkdir()
    (tmp_path / "feed/it.py").write_text(
        'from x import *\na = _("One %(a)s")\nb = ngettext("%d two", "%d twos", 2)\nc = gettext(a)\n'
        'd = pgettext("place", "Three")\n'
    )
    (tmp_path / "templates/it.html").write_text(
        '{% load i18n %}\n  <p title="{% translate "Four" %}">{{ x }} Bare</p>\n'
        "{% blocktranslate trimmed count n=5 %}\n {{ n }} five\n{% plural %}\n {{ n }} fives\n{% endblocktranslate %}\n"
        '{% translate "Six" context "place" %}'
    )
    found = catalogues.extract(tmp_path)
    assert {(message.context, message.id) for message in messages_of(found)} == {
        (None, "One %(a)s"),
        (None, ("%d two", "%d twos")),
        ("place", "Three"),
        (None, "Four"),
        (None, ("%(n)s five", "%(n)s fives")),
        ("place", "Six"),
    }


def test_a_catalogue_is_compiled_again_when_it_is_newer_and_a_check_says_so(tmp_path: Path, settings: Settings) -> None:
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    shutil.copy(FILES[0], folder / "django.po")
    settings.LOCALE_PATHS = [tmp_path]
    assert [warning.id for warning in checks.check_catalogues()] == ["project.W007"]
    assert catalogues.compile_all(tmp_path) == [folder / "django.po"]
    assert (checks.check_catalogues(), catalogues.compile_all(tmp_path)) == ([], [])
    assert [file.name for file in folder.iterdir() if file.suffix != ".po"] == ["django.mo"]

    newer = (folder / "django.mo").stat().st_mtime + 1
    os.utime(folder / "django.po", (newer, newer))
    assert [warning.id for warning in checks.check_catalogues()] == ["project.W007"]


def test_the_names_of_languages_are_in_their_own_language() -> None:
    own = [(code, str(Locale.parse(code).get_display_name()).title()) for code, _ in settings.LANGUAGES]
    assert own == settings.LANGUAGES
