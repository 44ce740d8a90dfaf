"""The panel of who needs somebody, as part of a page, and its forms for browsers without JavaScript."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from feed.attention.listing import Reason, first, id_of, parse_id
from feed.attention.scope import MOST
from feed.presence import Seat
from progress import attention
from progress.attention import Kind
from progress.models import User
from progress.refusals import Refused

SHOWN = 10
"""Reasons that the panel shows at first."""

SHOWN_BESIDE = 3
"""The same where it stands beside, or on a phone above, what the page is for."""

PARAMETER = "needs"

BLANK = [
    Reason(
        id="",
        kind=str(kind),
        sentence="",
        student={"id": "", "name": ""},
        course={"id": "", "slug": "", "title": ""},
        lesson={"id": "", "slug": "", "title": ""} if kind != Kind.BEHIND else None,
        since=None,  # type: ignore[arg-type]
        url="",
        lesson_url="",
    )
    for kind in Kind
]
"""One empty reason a kind: what the row's template gives for them are the templates of live rows."""


def panel(request: HttpRequest, viewer: User, seats: list[Seat] | None, *, shown: int = SHOWN) -> dict[str, Any]:
    """What templates/feed/_attention.html wants, with whom the viewer sees there (`feed.presence.scope`)."""
    query = request.GET.copy()
    query[PARAMETER] = "all"
    if request.GET.get(PARAMETER) == "all":
        shown = MOST
    reasons, total = first(viewer, shown, seats)
    return {
        "reasons": reasons,
        "total": total,
        "shown": shown,
        "all_url": f"?{query.urlencode()}",
        "undoable": [
            {"id": id_of(attention.subject_of(each)), "name": each.user.name, "snoozed": each.until is not None}
            for each in attention.undoable(viewer)
        ],
        "blank": BLANK,
    }


@require_POST
@login_required
def answer(request: HttpRequest) -> HttpResponse:
    """Dismiss, snooze or bring back one reason, then go back to the page with a word on it."""
    person, act = cast(User, request.user), request.POST.get("act", "")
    try:
        subject = parse_id(request.POST.get("reason", ""))
        if act == "dismiss":
            attention.dismiss(person, subject)
            messages.success(request, gettext("Dismissed for everybody who teaches the course."))
        elif act in attention.SNOOZES:
            attention.snooze(person, subject, length=act)
            messages.success(request, gettext("Snoozed for everybody who teaches the course."))
        elif act == "undo":
            attention.undo(person, subject)
            messages.success(request, gettext("It is back on the list."))
        else:
            raise Http404
    except Refused as refused:
        if refused.status == 404:
            raise Http404 from None
        messages.error(request, gettext("It was dismissed more than a minute ago and cannot be brought back."))
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(f"{back}#attention-heading" if is_ours else reverse("dashboard"))
