"""Search text: names compared as people read them, not as they happen to be coded."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from progress.text import normalised

quickly = settings(max_examples=150, deadline=None)


@pytest.mark.parametrize(
    ("text", "compared"),
    [
        ("", ""),
        ("Ada Lovelace", "ada lovelace"),
        ("  Ada \t\n Lovelace  ", "ada lovelace"),
        ("Ada\u00a0Lovelace", "ada lovelace"),
        ("Ada\u3000Lovelace", "ada lovelace"),
        ("ﬁnance", "finance"),
        ("oﬃce", "office"),
        ("STRAẞE", "strasse"),
        ("Straße", "strasse"),
        ("ＡＢＣ１２３", "abc123"),
        ("ｶﾀｶﾅ", "カタカナ"),
        ("Cafe\u0301", "caf\u00e9"),
        ("CAFÉ", "caf\u00e9"),
        ("A\u030angstro\u0308m", "\u00e5ngstr\u00f6m"),
        ("\u212bngstrom", "\u00e5ngstrom"),  # the sign for the unit
        ("x²", "x2"),
        ("Ⅳ", "iv"),
        ("№ 5", "no 5"),
        ("ΟΔΥΣΣΕΥΣ", "οδυσσευσ"),
        ("Ὀδυσσεύς", "ὀδυσσεύσ"),
        ("ᾳ", "αι"),
        ("İstanbul", "i\u0307stanbul"),
        ("数学 入門", "数学 入門"),
        ("اَلْجَبْر", "اَلْجَبْر"),
    ],
)
def test_texts_that_read_alike_are_compared_alike(text: str, compared: str) -> None:
    assert normalised(text) == compared


def test_an_accent_is_part_of_the_letter() -> None:
    assert normalised("resume") != normalised("résumé")


@quickly
@given(st.text(max_size=30))
def test_a_normalised_text_stays_as_it_is(text: str) -> None:
    # Stored once and compared with what was normalised again, after a way through the URL.
    assert normalised(normalised(text)) == normalised(text)


@quickly
@given(st.text(max_size=30))
def test_it_does_not_matter_how_a_text_was_composed(text: str) -> None:
    forms = {normalised(unicodedata.normalize(form, text)) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    assert forms == {normalised(text)}


@quickly
@given(st.text(max_size=30))
def test_words_are_parted_by_single_spaces(text: str) -> None:
    compared = normalised(text)
    assert compared == compared.strip()
    assert compared.split(" ") == (compared.split() or [""])


def test_every_single_character_is_stable() -> None:
    every = (chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF)
    assert [hex(ord(each)) for each in every if normalised(normalised(each)) != normalised(each)] == []
