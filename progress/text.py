"""What people are called, and search text: the one form in which names and titles are compared."""

import unicodedata


def normalised(text: str) -> str:
    """Return `text` as searches compare it: NFKC, case folded, runs of white space made one space.

    Snapshots compare the stored columns `search_text`, live entries the names they carry; both go through here, so
    that a live row and a reloaded row match the same searches (docs/protocol.md, filters).
    """
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def name_of(first_name: str, last_name: str, username: str) -> str:
    """Return what a person is called: the full name, or the user name where there is none."""
    return f"{first_name} {last_name}".strip() or username
