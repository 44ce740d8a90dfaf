"""Navigation: which places the signed-in person is offered at the top of each page."""

from typing import Any

from django.http import HttpRequest

from consumers.ops.permission import VIEW
from progress import teaching


def places(request: HttpRequest) -> dict[str, Any]:
    """Context for templates: `watches_students`, whether the dashboard is offered, and `watches_machinery`.

    Nobody is looked up for an address that there is not: Django renders that page in a thread whose database
    connection nobody would give back.
    """
    person = getattr(request, "user", None)
    if request.resolver_match is None or person is None or not person.is_authenticated:
        return {"watches_students": False, "watches_machinery": False}
    return {
        "watches_students": person.has_perm("feed.view_all") or teaching.teaches(person),
        "watches_machinery": person.has_perm(VIEW),
    }
