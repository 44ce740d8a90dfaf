"""Catalogues of translations: made from the code and the templates, and compiled for Django.

    python -m project.catalogues update     what is new comes in, untranslated; what is gone goes
    python -m project.catalogues compile    every .mo that is older than its .po

Both need Babel alone, and no settings: `make setup` compiles before anything of Django's runs.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

CHECKOUT: Final = Path(__file__).resolve().parent.parent
LOCALE: Final = CHECKOUT / "locale"
CODE: Final = ("project", "consumers", "feed", "progress")
TEMPLATES: Final = "templates"

KEYWORDS: Final[dict[str, Any]] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
"""Django's functions, and which of their arguments are what, as Babel writes it: (1, "c") is the context."""

COMMENT: Final = ["Translators:"]
_CHURN = (
    "Project-Id-Version",
    "Report-Msgid-Bugs-To",
    "POT-Creation-Date",
    "PO-Revision-Date",
    "Last-Translator",
    "Language-Team",
    "Generated-By",
)
"""Lines of the header that say nothing to us, or another thing at each run."""


def extract(checkout: Path = CHECKOUT) -> Catalog:
    """Return every message of the code and the templates, each with the files that it stands in."""
    found = Catalog(charset="utf-8")
    for path, source in _sources(checkout):
        calls: Iterator[Any] = extract_python(source, KEYWORDS, COMMENT, {})
        for line, function, arguments, comments in calls:
            texts = arguments if isinstance(arguments, tuple) else (arguments,)
            context, ids = _taken_apart(KEYWORDS[function], texts)
            if ids is not None:
                found.add(ids, locations=[(path, line)], auto_comments=comments, context=context)
    return found


def _sources(checkout: Path) -> Iterator[tuple[str, io.BytesIO]]:
    for folder in CODE:
        for file in sorted((checkout / folder).rglob("*.py")):
            yield str(file.relative_to(checkout)), io.BytesIO(file.read_bytes())
    for file in sorted((checkout / TEMPLATES).rglob("*.*")):
        if file.suffix in {".html", ".txt"}:
            # What Django makes of a template is calls among other words; only their indentation is none of Python's.
            calls = templatize(file.read_text(), origin=str(file)).splitlines()
            yield str(file.relative_to(checkout)), io.BytesIO("\n".join(map(str.lstrip, calls)).encode())


def _taken_apart(
    places: tuple[Any, ...] | None, texts: tuple[str | None, ...]
) -> tuple[str | None, str | tuple[str, str] | None]:
    """Return the context and the message, or both its forms; None where it is no literal."""
    places = places or (1,)
    context = texts[0] if isinstance(places[0], tuple) else None
    ids = [texts[place - 1] for place in places if isinstance(place, int) and place <= len(texts)]
    if not ids or not all(ids):
        return None, None
    return context, str(ids[0]) if len(ids) == 1 else (str(ids[0]), str(ids[1]))


def update(locale: Path = LOCALE) -> None:
    """Bring every catalogue up to date with the code; nothing is guessed."""
    wanted = extract()
    for file in catalogues(locale):
        catalogue = read(file)
        catalogue.update(wanted, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        file.write_text(_as_text(catalogue))


def _as_text(catalogue: Catalog) -> str:
    catalogue.header_comment = ""
    written = io.BytesIO()
    write_po(written, catalogue, width=120, sort_by_file=True, include_lineno=False, omit_header=False)
    lines = written.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(tuple(f'"{name}:' for name in _CHURN)))


def compile_all(locale: Path = LOCALE) -> list[Path]:
    """Compile every catalogue that changed since it was compiled last; return those that were."""
    done = stale(locale)
    for file in done:
        compile_one(read(file), file.with_suffix(".mo"))
    return done


def compile_one(catalogue: Catalog, to: Path) -> None:
    """Write a compiled catalogue, whole or not at all: several runs may do so at once.

    What is not translated yet is left out, and stays English; with its empty plural forms it would be empty.
    """
    for message in [each for each in catalogue if each.id and not is_translated(each)]:
        catalogue.delete(message.id, message.context)
    handle, name = tempfile.mkstemp(dir=to.parent, prefix=".mo")
    try:
        with open(handle, "wb") as file:
            write_mo(file, catalogue)
        os.chmod(name, 0o644)
        os.replace(name, to)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def is_translated(message: Message) -> bool:
    """Whether every form of a message has a translation that somebody has looked at."""
    forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return all(forms) and not message.fuzzy


def stale(locale: Path = LOCALE) -> list[Path]:
    """The catalogues that are not compiled, or have changed since."""
    return [file for file in catalogues(locale) if not _is_compiled(file)]


def _is_compiled(file: Path) -> bool:
    compiled = file.with_suffix(".mo")
    return compiled.is_file() and compiled.stat().st_mtime_ns >= file.stat().st_mtime_ns


def catalogues(locale: Path = LOCALE) -> list[Path]:
    """The catalogues that there are, one a language."""
    return sorted(locale.glob("*/LC_MESSAGES/django.po"))


def read(file: Path) -> Catalog:
    """The catalogue in a file."""
    with file.open("rb") as source:
        return read_po(source, locale=file.parent.parent.name, abort_invalid=True)


def main(arguments: list[str]) -> int:
    """Do what is asked."""
    parser = argparse.ArgumentParser(prog="python -m project.catalogues")
    parser.add_argument("what", choices=["update", "compile"])
    if parser.parse_args(arguments).what == "update":
        update()
    compile_all()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
