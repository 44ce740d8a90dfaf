"""Ours: the way that the receivers of progress's signals take (feed.publish)."""

from typing import Any

import django

from tests.bench.publishing import Publish


async def connected(address: str) -> Publish:
    """Publish to the Redis that the settings name."""
    django.setup()
    from feed import publish

    async def post(batch: list[dict[str, Any]]) -> None:
        await publish.publish([publish.post_of(entry) for entry in batch])

    return post
