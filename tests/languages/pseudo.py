"""A language that does not exist: every sentence between brackets, so that one which was never translated stands out.

It takes German's place, and so has its numbers: a comma before decimals, a dot between thousands.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from project import catalogues

LANGUAGE = "de"
OPEN, CLOSE = "⟦", "⟧"
DJANGO = ("conf", "contrib/auth", "contrib/admin", "contrib/contenttypes")


def make(locale: Path) -> None:
    """Write the language's catalogue into a folder for LOCALE_PATHS: our sentences, and Django's."""
    pseudo = Catalog(locale=LANGUAGE, charset="utf-8")
    for source in (catalogues.extract(), *map(_of_django, DJANGO)):
        for message in source:
            if message.id:
                forms = [f"{OPEN}{text}{CLOSE}" for text in _forms(message.id)]
                pseudo.add(message.id, forms[0] if len(forms) == 1 else tuple(forms), context=message.context)
    write(pseudo, locale)


def write(catalogue: Catalog, locale: Path) -> None:
    """Compile a catalogue of the language into a folder for LOCALE_PATHS."""
    to = locale / LANGUAGE / "LC_MESSAGES" / "django.mo"
    to.parent.mkdir(parents=True)
    catalogues.compile_one(catalogue, to)


def _of_django(app: str) -> Catalog:
    with (files("django") / app / "locale/en/LC_MESSAGES/django.po").open("rb") as source:
        return read_po(source)


def _forms(id: str | tuple[str, ...]) -> tuple[str, ...]:
    return (id,) if isinstance(id, str) else tuple(id)
