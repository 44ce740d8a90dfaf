"""The feed as CSV: entries become lines that any spreadsheet reads, and that make none of them do anything.

RFC 4180, UTF-8 with the mark by which Excel knows it. Words and the local time are the viewer's, as they were when the
file was asked for.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, pgettext

from feed.entries import CERTIFICATION_ISSUED, EXAM_ATTEMPT, LESSON_COMPLETED, PROGRESS_UPDATE, Entry

BYTE_ORDER_MARK = "\ufeff"

_BEGINS = re.compile(r'(?:^|(?<=[;\t\r\n]))(?=[\s"\ufeff\u200b-\u200f]*[=+\-@\t\r＝＋－＠])')


def cell(text: str) -> str:
    """The text, with an apostrophe before whatever a spreadsheet would take for a formula.

    Formulas begin with `=`, `+`, `-`, `@`, tab or carriage return, in East Asian spreadsheets also with the wide forms
    (https://owasp.org/www-community/attacks/CSV_Injection). A spreadsheet that separates by semicolons or tabs knows no
    quotes of ours and begins a cell in the middle of one, so the same holds after these.
    """
    return _BEGINS.sub("'", text)


class Lines:
    """Lines of entries in one viewer's language and time zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._kinds = {
            LESSON_COMPLETED: gettext("Lesson completed"),
            EXAM_ATTEMPT: gettext("Exam"),
            CERTIFICATION_ISSUED: gettext("Certificate"),
            PROGRESS_UPDATE: gettext("Progress"),
        }
        self._answers = {True: pgettext("in a table", "yes"), False: pgettext("in a table", "no"), None: ""}
        self._head = [
            gettext("Moment (UTC)"),
            gettext("Time (%(zone)s)") % {"zone": zone.key},
            gettext("Kind"),
            gettext("Student"),
            gettext("Student number"),
            gettext("Course"),
            gettext("Lesson"),
            gettext("Watched, in percent"),
            gettext("Reported, not measured"),
            gettext("Score, in percent"),
            gettext("Passed"),
            gettext("Attempt"),
            gettext("Certificate"),
            gettext("Entry"),
        ]

    def head(self) -> str:
        """The first line: what the columns are."""
        return BYTE_ORDER_MARK + _written([self._head])

    def of(self, entries: Iterable[Entry]) -> str:
        """The lines of these entries."""
        return _written(map(self._cells, entries))

    def _cells(self, entry: Entry) -> list[Any]:
        data, lesson = entry["data"], entry["lesson"]
        local = datetime.fromisoformat(entry["timestamp"]).astimezone(self._zone)
        watched = "watch_percentage" in data
        return [
            entry["timestamp"],
            local.isoformat(sep=" ", timespec="seconds")[:19],
            self._kinds[entry["type"]],
            entry["user"]["name"],
            entry["user"]["id"],
            entry["course"]["title"],
            lesson["title"] if lesson else "",
            data.get("watch_percentage", ""),
            self._answers[data.get("claimed", False) if watched else None],
            data.get("score", ""),
            self._answers[data.get("passed")],
            data.get("attempt_number", ""),
            data.get("certificate_id", ""),
            entry["id"],
        ]


def _written(rows: Iterable[list[Any]]) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerows([cell(value) if isinstance(value, str) else value for value in row] for row in rows)
    return file.getvalue()
