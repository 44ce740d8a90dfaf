"""Range headers: which bytes of a file a request asks for (RFC 9110, section 14)."""

import re

# Leading zeros are legal, and a number may be larger than any file; forty digits are more than anybody means.
_ONE_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,40})-([0-9]{0,40})[ \t]*", re.IGNORECASE)


class Unsatisfiable(Exception):
    """A well-formed range of which the file has no byte (HTTP 416)."""


def parse_range(header: str, size: int) -> range | None:
    """Return the byte positions asked for, cut to a file of `size` bytes, or None where all of it is the answer.

    A header that is malformed, of another unit or of several ranges is ignored, as the RFC allows: no player sends
    several, and merging them is where servers have been hurt.
    """
    match = _ONE_RANGE.fullmatch(header)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:  # the last so many bytes
        length = min(int(last), size)
        if not int(last):
            raise Unsatisfiable
        return range(size - length, size) if length else None
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise Unsatisfiable
    return range(int(first), min(int(last) + 1, size) if last else size)
