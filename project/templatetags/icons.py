"""The tag `lucide`, as its package has it, but each icon is drawn once: a page has a hundred of them.

The settings give it the package's name, so that `{% load lucide %}` finds it; the package itself is no app of ours, or
there would be two of that name.
"""

from __future__ import annotations

from functools import lru_cache
from typing import cast

from django import template
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide as draw

register = template.Library()


@register.simple_tag
def lucide(name: str, *, size: int | None = 24, **attributes: object) -> SafeString:
    """The icon as SVG."""
    return _drawn(name, size, *attributes.items())


@lru_cache(maxsize=512)
def _drawn(name: str, size: int | None, *attributes: tuple[str, object]) -> SafeString:
    return cast(SafeString, draw(name, size=size, **dict(attributes)))
