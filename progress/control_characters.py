"""Control characters: which texts are one plain line, and how the others are shown where a terminal would obey them."""

import re

_IN_NO_NAME = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def is_one_line(text: str) -> bool:
    """Whether `text` has no line break, no control character and no mark that turns text around, as a name has none.

    Pages isolate names from what stands beside them; but an isolate that the text itself opens or closes pairs with the
    page's own, and the rest of the row is turned around after all (Unicode's annex 9, BD9). Letters of Arabic or Hebrew
    need no such mark.
    """
    return _IN_NO_NAME.search(text) is None


def harmless(text: str, *, keeping: str = "") -> str:
    """Return `text` for a terminal: what one would obey, or what turns a line around, is written as `\\x1b`.

    A name may hold the sequence that names the window, clears the screen or makes a link of what follows. `keeping`
    are characters that stay, such as the line breaks of a traceback.
    """
    return _OBEYED.sub(lambda found: found[0] if found[0] in keeping else ascii(found[0])[1:-1], text)
