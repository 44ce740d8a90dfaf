"""What a page says to people: its texts, and the attributes that are read out or shown, in the order of the page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html.parser import HTMLParser

from tests.languages.pseudo import CLOSE, OPEN

SAID = {
    "alt",
    "aria-description",
    "aria-label",
    "aria-roledescription",
    "aria-valuetext",
    "label",
    "placeholder",
    "title",
}
"""Attributes that people read or hear."""

NOT_SAID = {"code", "script", "style"}
BUTTONS = {"submit", "button", "reset"}
_RELATIVE = re.compile(
    r"vor \d+ (Sekunden|Minuten?|Stunden?|Tag(en)?|Wochen?)"
)  # Babel's words, which have no brackets
_LETTER = re.compile(r"[^\W\d_]")


class Page(HTMLParser):
    """A page taken apart.

    `said` are the pieces that people read, without what stands in brackets; a sentence may begin in one text and end in
    another, as it does around a <b>. `other` are the attributes that programs read.
    """

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.other: list[tuple[str, str, str]] = []
        self._inside: list[str] = []
        self._depth = 0
        self.feed(markup)
        self.close()
        assert self._depth == 0, "a bracket is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at an element's attributes."""
        given = {name: value or "" for name, value in attrs}
        if tag in NOT_SAID or given.get("translate") == "no":
            self._inside.append(tag)
        for name, value in given.items():
            is_said = name in SAID or (name == "value" and tag == "input" and given.get("type") in BUTTONS)
            if not is_said:
                self.other.append((tag, name, value))
            elif not self._depth:  # else it is a part of a sentence, and translated with it
                self.said.append(without_brackets(value))

    def handle_endtag(self, tag: str) -> None:
        """Leave what is not said."""
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        """Keep what stands outside brackets."""
        if self._inside:
            return
        outside = []
        for sign in data:
            self._depth += (sign == OPEN) - (sign == CLOSE)
            if not self._depth and sign != CLOSE:
                outside.append(sign)
        self.said.append("".join(outside))


def without_brackets(text: str) -> str:
    """The text without every pair of brackets and what they hold."""
    before = None
    while before != text:
        before, text = text, re.sub(rf"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}", "", text)
    return text


def untranslated(markup: str, data: Iterable[str]) -> list[str]:
    """What a page says that is neither in brackets nor, as a whole, data or a time: words that nobody translated."""
    known = set(data)
    pieces = [" ".join(text.split()) for text in Page(markup).said]
    return [text for text in pieces if _LETTER.search(text) and text not in known and not _RELATIVE.fullmatch(text)]
