"""The public page of a certificate: whoever has its address can see whether it is true."""

from __future__ import annotations

from uuid import UUID

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.safestring import SafeString, mark_safe

from progress.models import Certification


def certificate(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    """A certificate: who earned it, in which course, when. 410 where it was withdrawn, 404 where it is not issued."""
    found = get_object_or_404(
        Certification.objects.filter(issued_at__isnull=False).select_related("user", "course"),
        certificate_id=certificate_id,
    )
    address = request.build_absolute_uri(found.get_absolute_url())
    context = {"certificate": found, "address": address, "qr": _qr(address) if found.withdrawn_at is None else ""}
    return render(request, "progress/certificate.html", context, status=410 if found.withdrawn_at else 200)


def _qr(address: str) -> SafeString:
    """The address as a picture for telephones: dark on light whatever the page's colours, or none could read it."""
    picture = segno.make_qr(address, error="m").svg_inline(
        scale=4, dark="#000", light="#fff", svgclass="certificate-qr", lineclass=None, omitsize=True
    )
    # Modules of a QR code, drawn by segno: no text of the address is in it.
    return mark_safe(picture)  # noqa: S308 # nosec B308 B703
