"""System checks of settings that work together: what will be missed later is said at start."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from progress.querysets import MODEL_BACKEND
from project import catalogues

ATTEMPTS = "project.sign_in.Attempts"


@register()
def check_mail(**_: Any) -> list[CheckMessage]:
    """Warn where mails go nowhere."""
    if settings.EMAIL_URL or settings.DEBUG:
        return []
    return [
        Warning(
            "No mail can be sent: EMAIL_URL is not set.",
            hint="Set EMAIL_URL to a mail server, as in smtp+tls://user:password@mail.example:587 "
            "(docs/operations.md). Until then nobody can reset a forgotten password.",
            id="project.W001",
        )
    ]


@register()
def check_catalogues(**_: Any) -> list[CheckMessage]:
    """Warn where pages would be English for everybody."""
    stale = [file for folder in settings.LOCALE_PATHS for file in catalogues.stale(Path(folder))]
    if not stale:
        return []
    return [
        Warning(
            "Translations are not compiled, or older than their texts: "
            f"{', '.join(file.parent.parent.name for file in stale)}.",
            hint="Run python -m project.catalogues compile with each new version (docs/operations.md).",
            id="project.W007",
        )
    ]


@register()
def check_sessions(**_: Any) -> list[CheckMessage]:
    """Refuse sessions and sign-ins that sockets cannot read: progress.signed_in asks the database for both."""
    found: list[CheckMessage] = []
    if settings.SESSION_ENGINE != "django.contrib.sessions.backends.db":
        found.append(
            Error(
                "Sockets cannot read the sessions.",
                hint="Set SESSION_ENGINE to django.contrib.sessions.backends.db.",
                id="project.E001",
            )
        )
    if settings.AUTHENTICATION_BACKENDS != [ATTEMPTS, MODEL_BACKEND]:
        found.append(
            Error(
                "The groups of a viewer are read as Django's ModelBackend grants permissions.",
                hint=f"Leave AUTHENTICATION_BACKENDS at {ATTEMPTS} and {MODEL_BACKEND}.",
                id="project.E002",
            )
        )
    return found
