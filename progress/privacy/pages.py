"""Pages that give a copy of all that is kept of a person: to themselves, and to whoever may export people."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from progress.models import Disclosure, User
from progress.privacy import disclosures, export

MAY_EXPORT = "progress.export_user"


@login_required
@require_GET
def own_data(request: HttpRequest) -> HttpResponse:
    """`/me/data/`: everything that is kept of whoever asks, as a file."""
    return _file(cast(User, request.user))


@require_GET
def exported(request: HttpRequest, pk: int) -> HttpResponse:
    """The same of anybody, in the admin site; whose it is learns that it was exported, and by whom."""
    viewer = cast(User, request.user)
    if not viewer.has_perm(MAY_EXPORT):
        raise PermissionDenied
    person = get_object_or_404(User, pk=pk)
    disclosures.note(viewer, [person.pk], Disclosure.Where.EXPORT)
    return _file(person)


def _file(person: User) -> HttpResponse:
    name = f"{slugify(person.username) or person.pk}.json"
    return HttpResponse(
        export.as_json(person),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )
