"""Navigation: which places the signed-in person is offered at the top of each page."""

from typing import Any

from django.http import HttpRequest

from progress.models import Course


def places(request: HttpRequest) -> dict[str, Any]:
    """Context for templates: `watches_students` (dashboard), `is_operator` (operations)."""
    person = getattr(request, "user", None)
    if person is None or not person.is_authenticated:
        return {"watches_students": False}
    return {"watches_students": person.has_perm("feed.view_all") or Course.objects.taught_by(person).exists()}
