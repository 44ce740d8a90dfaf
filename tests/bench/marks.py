"""What the load client looks for in the stream: one key that every entry has once, and nothing else has."""

import re
from typing import Final

PUBLISHED: Final = "published"

MARK: Final = b'"published"'
"""Counted, not parsed: however frames are cut and nested, as many of these came as entries did."""

STAMP: Final = re.compile(rb'"published": ?(\d+)\D')
"""The moment of publication; the character after it says that the number is whole."""

LONGEST_STAMP: Final = 48
