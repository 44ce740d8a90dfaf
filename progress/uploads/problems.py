"""Why an upload could not be used: kept as a sentence in English, read in the reader's language.

The worker writes it, and knows nobody who will read it. So the sentence is found again by its form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.utils.translation import gettext, gettext_noop

SENTENCES = {
    "codec": gettext_noop(
        "Browsers do not play the codec %(codec)s in such a file. Export the video as MP4 with H.264."
    ),
    "cut_off": gettext_noop("The file is cut off: it says that it lasts %(says)d seconds, and ends after %(there)d."),
    "gone": gettext_noop("The uploaded file is not where it is looked for. Upload it again."),
    "no_video": gettext_noop("There is no video in the file."),
    "too_heavy": gettext_noop(
        "Reading the file takes too much time or memory. Export it in a usual size, as MP4 with H.264."
    ),
    "unreadable": gettext_noop("The file cannot be read as the video that its name says. Export it anew."),
}
"""By the probe's reason, and one of our own."""

_PLACE = re.compile(r"%\((\w+)\)([sd])")


def sentence(reason: str, values: Mapping[str, Any]) -> str:
    """The sentence as it is kept."""
    return SENTENCES[reason] % values


def in_words(kept: str) -> str:
    """A kept sentence in the language that is active; one that an earlier version wrote otherwise stays as it is."""
    for known in SENTENCES.values():
        if found := _form(known).fullmatch(kept):
            kinds = dict(_PLACE.findall(known))
            return gettext(known) % {
                name: int(text) if kinds[name] == "d" else text for name, text in found.groupdict().items()
            }
    return kept


@cache
def _form(known: str) -> re.Pattern[str]:
    parts = _PLACE.split(known)  # text, name, kind, text, …
    texts = [re.escape(text) for text in parts[::3]]
    places = [
        rf"(?P<{name}>{'-?[0-9]+' if kind == 'd' else '.*'})"
        for name, kind in zip(parts[1::3], parts[2::3], strict=True)
    ]
    return re.compile("".join(text + place for text, place in zip(texts, [*places, ""], strict=True)), re.DOTALL)
