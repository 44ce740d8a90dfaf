"""What operators did, in Django's admin site: read, never written."""

from __future__ import annotations

from django.contrib import admin

from consumers.models import OperatorAction
from progress.record_admin import ReadOnly


@admin.register(OperatorAction)
class OperatorActionAdmin(ReadOnly):
    """Who did what, when, on what or whom, and what came of it."""

    list_display = ("at", "kind", "target", "person", "by_name", "outcome")
    list_filter = ("kind",)
    list_select_related = ("person",)
    search_fields = ("by_name", "target")
