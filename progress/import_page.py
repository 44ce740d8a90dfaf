"""The admin site's page for importing people: upload, read the report, confirm."""

from __future__ import annotations

import base64
import zlib
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from progress.models import User
from progress.people_import.carrying_out import carry_out
from progress.people_import.plan import INSTRUCTOR, STUDENT, Plan, make_plan
from progress.people_import.reading import COLUMNS, MOST_BYTES, Unusable, read

KEPT = "people_import"
"""The session's key for the file between report and confirmation: any web process may get the second request."""


class UploadForm(forms.Form):
    """The file."""

    file = forms.FileField(label=gettext_lazy("CSV file"))

    def clean_file(self) -> bytes:
        """The file's bytes."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError(_("At most %(most)d MB can be read.") % {"most": MOST_BYTES >> 20})
        return bytes(file.read())


def import_page(request: HttpRequest) -> HttpResponse:
    """Take a file and show what would be done; with `confirm`, do it if that is still what would be done."""
    if not request.user.has_perm("progress.add_user"):
        raise PermissionDenied
    form, plan, problem = UploadForm(), None, ""
    try:
        if "confirm" in request.POST:
            plan = _confirmed(request)
            if plan.written:
                return redirect("admin:progress_user_changelist")
        elif request.method == "POST":
            form = UploadForm(request.POST, request.FILES)
            request.session.pop(KEPT, None)
            if form.is_valid():
                raw = form.cleaned_data["file"]
                plan = make_plan(read(raw), _roles(request))
                _keep(request, raw, plan)
    except Unusable as error:
        problem = str(error)
    return render(request, "admin/progress/user/import.html", _context(form, plan, problem, request))


def _confirmed(request: HttpRequest) -> Plan:
    """Import what was shown; a plan that is not written wants to be looked at once more."""
    raw, shown = _kept(request)
    plan = carry_out(read(raw), _roles(request), shown=shown)
    request.session.pop(KEPT, None)
    if plan.written:
        if plan.newcomers:
            by = request.user.pk
            LogEntry.objects.log_actions(by, plan.newcomers, ADDITION, _("Imported."))  # type: ignore[arg-type]
        messages.success(request, _("Imported. %(summary)s") % {"summary": plan.summary})
    else:
        messages.warning(request, _("Something changed since the report: look at it once more. Nothing was written."))
        _keep(request, raw, plan)
    return plan


def _roles(request: HttpRequest) -> list[str]:
    needed = {
        STUDENT: ("progress.add_enrollment", "progress.change_enrollment"),
        INSTRUCTOR: ("progress.change_course",),
    }
    return [role for role, permissions in needed.items() if all(map(request.user.has_perm, permissions))]


def _keep(request: HttpRequest, raw: bytes, plan: Plan) -> None:
    if plan.good:
        packed = base64.b85encode(zlib.compress(raw)).decode()
        request.session[KEPT] = {"file": packed, "shown": plan.digest}


def _kept(request: HttpRequest) -> tuple[bytes, str]:
    kept = request.session.get(KEPT)
    if kept is None:
        raise Unusable(_("There is no file to import any more: choose it again."))
    return zlib.decompress(base64.b85decode(kept["file"])), kept["shown"]


def _context(form: UploadForm, plan: Plan | None, problem: str, request: HttpRequest) -> dict[str, Any]:
    return {
        **admin.site.each_context(request),
        "title": _("Import people"),
        "opts": User._meta,
        "form": form,
        "plan": plan,
        "problem": problem,
        "columns": ", ".join(COLUMNS),
    }
