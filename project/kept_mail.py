"""Mails kept as files: in development nothing is sent, and whoever tries the product reads them on a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

SHOWN = 50
_BETWEEN = b"\n" + b"-" * 79 + b"\n"  # what Django's filebased backend writes after each mail


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A mail as the page shows it."""

    subject: str
    to: str
    at: datetime
    text: str


@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """The newest kept mails. Anybody may read them, so the page is there in development only."""
    if not (settings.DEBUG and settings.KEEP_MAIL):
        raise Http404
    return render(request, "registration/outbox.html", {"mails": newest(Path(settings.EMAIL_FILE_PATH))})


def newest(folder: Path) -> list[KeptMail]:
    """Read the mails in `folder`, newest first, `SHOWN` at most; there may be no folder yet."""
    files = sorted(folder.glob("*.log"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    return [mail for file in files[:SHOWN] for mail in reversed(_mails(file))][:SHOWN]


def _mails(file: Path) -> list[KeptMail]:
    at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    parser = BytesParser(EmailMessage, policy=policy.default)
    return [_mail(parser.parsebytes(part), at) for part in file.read_bytes().split(_BETWEEN) if part.strip()]


def _mail(message: EmailMessage, at: datetime) -> KeptMail:
    plain = message.get_body(("plain",))
    text = plain.get_content() if plain is not None else ""
    return KeptMail(str(message["Subject"] or ""), str(message["To"] or ""), at, text.strip())
