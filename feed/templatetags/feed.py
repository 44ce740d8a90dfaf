"""Template filters of the feed's pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from django import template

register = template.Library()


@register.filter
def as_json(value: Any) -> str:
    """The value as JSON text, for an attribute that a module reads; templates escape it as any other text."""
    return msgspec.json.encode(value).decode()


@register.filter
def moment(timestamp: str) -> datetime | str:
    """An entry's timestamp as a moment; the empty text of a blank row stays empty."""
    return datetime.fromisoformat(timestamp) if timestamp else ""
