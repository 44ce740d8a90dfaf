"""System checks of settings that work together: what will be missed later is said at start."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register


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
