"""The kinds of video file that a lesson takes. Knows no Django: the probe, which runs by itself, goes by it too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True, slots=True)
class Kind:
    """A container: how its files begin, what FFmpeg calls it, and which codecs browsers play in it."""

    suffixes: tuple[str, ...]
    signature: bytes
    signature_at: int
    demuxer: str
    codecs: frozenset[str]
    """As FFmpeg calls them."""

    def fits(self, head: bytes) -> bool:
        """Return whether a file that begins with these bytes may be of this kind."""
        return head.startswith(self.signature, self.signature_at)


KINDS = (
    Kind((".mp4", ".m4v"), b"ftyp", 4, "mp4", frozenset({"h264", "av1", "vp9"})),
    Kind((".webm",), b"\x1a\x45\xdf\xa3", 0, "webm", frozenset({"vp8", "vp9", "av1"})),
    Kind((".ogv",), b"OggS", 0, "ogg", frozenset({"theora", "vp8"})),
)
SUFFIXES = tuple(suffix for kind in KINDS for suffix in kind.suffixes)

HEAD_BYTES = 16
"""So many bytes tell whether a file fits its kind."""


def kind_of(name: str) -> Kind | None:
    """Return the kind that a file's name says, None where it is none of ours."""
    suffix = PurePath(name).suffix.lower()
    return next((kind for kind in KINDS if suffix in kind.suffixes), None)
