"""Reading a file of people: bytes become lines, or a sentence that says what is wrong with the file."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

COLUMNS = ("username", "first_name", "last_name", "email", "role", "course")
MOST_BYTES = 10 * 1024 * 1024
MOST_LINES = 50_000
_SEPARATORS = ",;\t"


class Unusable(Exception):
    """The file as a whole cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was written, without space around its values."""

    number: int
    username: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    role: str = ""
    course: str = ""
    wrong: str = ""
    """Why the line could not be taken apart, where it could not."""


@dataclass(slots=True)
class File:
    """What was read: the lines, and what is to be known of the file."""

    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read(raw: bytes) -> File:
    """Read a CSV file with a header; raises Unusable."""
    file = File()
    if len(raw) > MOST_BYTES:
        raise Unusable(_("The file is too large: at most %(most)d MB can be read.") % {"most": MOST_BYTES >> 20})
    rows = _rows(_decoded(raw, file))
    columns = _columns(rows, file)
    for number, cells in rows[1:]:
        if len(file.lines) == MOST_LINES:
            raise Unusable(_("The file has more than %(most)d lines: divide it.") % {"most": MOST_LINES})
        file.lines.append(_line(number, cells, columns))
    if not file.lines:
        raise Unusable(_("The file has a header and nothing below it."))
    return file


def _decoded(raw: bytes, file: File) -> str:
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise Unusable(_("This is a workbook, not a CSV file: save it as “CSV UTF-8” first."))
    utf_16 = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    encodings = ["utf-16"] if utf_16 else ["utf-8-sig", "cp1252", "latin-1"]  # the last knows every byte
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    else:
        raise Unusable(_("The file cannot be read as text: save it as “CSV UTF-8”."))
    if "\0" in text:
        raise Unusable(_("This is not a text file: save it as “CSV UTF-8”."))
    if encoding in ("cp1252", "latin-1"):
        strange = next(line.strip() for line in text.splitlines() if not line.isascii())
        file.notes.append(
            _(
                "The file is not in UTF-8, so it was read as %(encoding)s. "
                "Please look whether names with accents are right, as in: %(example)s"
            )
            % {"encoding": {"cp1252": "Windows-1252", "latin-1": "Latin-1"}[encoding], "example": strange[:100]}
        )
    return text


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Return each row that holds something, with the number of the line on which it begins."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows = []
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((begins, [cell.replace("\xa0", " ").strip() for cell in cells]))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise Unusable(
            _("From line %(number)d on the file cannot be read: perhaps a quotation mark is not closed (%(error)s).")
            % {"number": begins, "error": error}
        ) from error
    return rows


def _columns(rows: list[tuple[int, list[str]]], file: File) -> list[str]:
    named = [name.lower().replace(" ", "_") for name in rows[0][1]] if rows else []
    missing = [name for name in COLUMNS if name not in named]
    if missing:
        raise Unusable(
            _("The first line must name the columns %(columns)s. Missing: %(missing)s.")
            % {"columns": ", ".join(COLUMNS), "missing": ", ".join(missing)}
        )
    if twice := [name for name in COLUMNS if named.count(name) > 1]:
        raise Unusable(_("The first line names a column twice: %(twice)s.") % {"twice": ", ".join(twice)})
    if others := [name for name in named if name and name not in COLUMNS]:
        file.notes.append(_("These columns are not used: %(others)s.") % {"others": ", ".join(others)})
    return named


def _line(number: int, cells: list[str], columns: list[str]) -> Line:
    if len(cells) < len(columns) or any(cells[len(columns) :]):
        wrong = _("It has %(cells)d values and the header %(columns)d names. Put values with a separator in quotes.")
        whose = dict(zip(columns, cells, strict=False)).get("username", "")
        return Line(number, whose, wrong=wrong % {"cells": len(cells), "columns": len(columns)})
    values = {name: cell for name, cell in zip(columns, cells, strict=False) if name in COLUMNS}
    return Line(number, **values)
