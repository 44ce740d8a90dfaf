"""Template tags that draw what was watched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django import template

from progress import strip
from progress.strip import Strip

register = template.Library()
register.filter("clock", strip.clock)


@register.simple_tag
def watched_strip(segments: Iterable[Sequence[float]], duration: float) -> Strip:
    """The watched strip of a lesson, for templates/progress/_strip.html."""
    return strip.of(segments, duration=duration)
