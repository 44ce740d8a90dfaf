"""Template filters of the dashboard's figures."""

from __future__ import annotations

from urllib.parse import urlencode

from django import template
from django.urls import reverse

from feed.figures import Figures

register = template.Library()


@register.filter
def counting(figures: Figures, type: str) -> str:
    """The address of the feed with the entries of this type that are counted today."""
    return f"{reverse('students')}?{urlencode({'type': type, 'since': figures.day.since.date().isoformat()})}"
