"""What is set wrong: the system checks, those of a deployment among them where it is one."""

from __future__ import annotations

import msgspec
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core import checks


class Wrong(msgspec.Struct, frozen=True):
    """What a system check says; `serious` stops the start of web and worker."""

    id: str
    said: str
    hint: str
    serious: bool


def look() -> list[Wrong]:
    """Run the checks (synchronous)."""
    found = checks.run_checks(include_deployment_checks=not settings.DEBUG)
    return [
        Wrong(each.id or "", str(each.msg), str(each.hint or ""), each.is_serious())
        for each in found
        if each.level >= checks.WARNING and not each.is_silenced()
    ]


async def read() -> list[Wrong]:
    """The same from an event loop, past the thread that all synchronous code shares."""
    return await sync_to_async(look, thread_sensitive=False)()
