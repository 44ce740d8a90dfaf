"""Pages of Django's admin site whose changes go through functions of progress.school, so that what changes is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from progress.refusals import NotFound

if TYPE_CHECKING:
    AnyAdmin = admin.ModelAdmin[Any]
else:  # at run time Django's class takes no type
    AnyAdmin = admin.ModelAdmin


class ThroughTheSchool(AnyAdmin):
    """Saves and removes through functions of progress.school, so that what changes is told."""

    save_one: Callable[[Any], None]
    remove: Callable[[QuerySet[Any]], None]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save one row; 404 where somebody removed it meanwhile."""
        try:
            type(self).save_one(obj)
        except NotFound as gone:
            raise Http404(gone.detail) from None

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Remove one row."""
        self.delete_queryset(request, self.get_queryset(request).filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Remove several rows: the same way as one."""
        type(self).remove(queryset)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """What goes with the rows: records too, which nobody may delete by themselves."""
        listed, counts, _needed, protected = super().get_deleted_objects(objs, request)
        return listed, counts, set(), protected
