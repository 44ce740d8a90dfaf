"""The sources hold no bare word either: what no test draws is seen here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.template.base import Lexer, TokenType

from project.catalogues import CHECKOUT, CODE, TEMPLATES
from tests.languages.pseudo import CLOSE, OPEN
from tests.languages.visible import untranslated

FOR_PROGRAMS = {"progress/ticks.py", "progress/uploads/probe.py"}
"""What only a player can get wrong is English, and sockets are (docs/adr/0020-languages.md); the probe says codes."""

SENTENCE = {
    "BadValue": 1,
    "Problem": 0,
    "Refused": 2,
    "Unreadable": 1,
    "Unusable": 0,
    "ValidationError": 0,
    "_Wrong": 0,
    "error": 1,
    "success": 1,
    "warning": 1,
}
"""Calls that say something to a person, and which argument is the sentence; the last three of contrib.messages."""

SAID = {"description", "empty_label", "help_text", "label", "verbose_name", "verbose_name_plural"}
"""Arguments by name that are read by people."""


def skeleton(source: str) -> str:
    """A template in which every translated sentence is a pair of brackets, and every value nothing."""
    found: list[str] = []
    inside = False
    for token in Lexer(source).tokenize():
        name, _, _ = token.contents.partition(" ")
        if token.token_type is TokenType.BLOCK and name in {"comment", "blocktranslate"}:
            inside = True
        elif token.token_type is TokenType.BLOCK and name in {"endcomment", "endblocktranslate"}:
            inside = False
            found.append(OPEN + CLOSE)
        elif token.token_type is TokenType.BLOCK and name == "translate":
            found.append(OPEN + CLOSE)
        elif token.token_type is TokenType.TEXT and not inside:
            found.append(token.contents)
    return "".join(found)


def templates() -> list[Path]:
    return sorted((CHECKOUT / TEMPLATES).rglob("*.html"))


@pytest.mark.parametrize("file", templates(), ids=lambda file: file.name)
def test_a_template_has_no_bare_word(file: Path) -> None:
    assert untranslated(skeleton(file.read_text()), []) == []


def bare_sentences(source: str) -> Iterator[tuple[int, str]]:
    """The lines on which code says a literal to a person."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", None) or getattr(node.func, "attr", "")
        of_messages = name in {"error", "success", "warning"} and ast.unparse(node.func).startswith("messages.")
        place = SENTENCE.get(name) if of_messages or name[:1].isupper() or name[:1] == "_" else None
        said = [node.args[place]] if place is not None and len(node.args) > place else []
        said += [keyword.value for keyword in node.keywords if keyword.arg in SAID]
        for text in filter(None, map(_literal, said)):
            if any(map(str.isalpha, text)):
                yield node.lineno, text


def _literal(said: ast.expr) -> str:
    """What of an argument is a text as it stands: also before a `%`, and between the values of an f-string."""
    if isinstance(said, ast.BinOp):
        return _literal(said.left)
    parts = said.values if isinstance(said, ast.JoinedStr) else [said]
    return "".join(part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))


def test_code_says_no_literal_to_a_person() -> None:
    found = [
        (str(file.relative_to(CHECKOUT)), *each)
        for folder in {*CODE} - {"consumers"}
        for file in sorted((CHECKOUT / folder).rglob("*.py"))
        if not {"migrations", "management"} & set(file.parts)
        if str(file.relative_to(CHECKOUT)) not in FOR_PROGRAMS
        for each in bare_sentences(file.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise ValidationError("Bare.")', ["Bare."]),
        ('raise ValidationError(_("Not bare."))', []),
        ('raise Refused(409, "code", f"Bare {x}")', ["Bare "]),
        ('messages.error(request, "Bare.")', ["Bare."]),
        ('messages.error(request, f"{record}: {refused.detail}")', []),
        ('log.error("For the log.")', []),
        ('forms.CharField(label="Bare", help_text=_("Not bare."))', ["Bare"]),
    ],
)
def test_a_bare_sentence_is_found(source: str, found: list[str]) -> None:
    assert [text for _, text in bare_sentences(source)] == found
