"""A process of its own that publishes batches: `python -m tests.publisher NAME BATCHES`."""

import asyncio
import sys

import django

django.setup()

from feed.history import Post  # noqa: E402 - once Django is set up
from feed.layer import histories  # noqa: E402


async def publish(name: str, batches: int) -> None:
    """Publish batches of one to three items to two groups."""
    for batch in range(batches):
        posts = [
            Post(
                b'{"entry":{"id":"%s:%d.%d"}}' % (name.encode(), batch, item),
                ["feed.all", "feed.course.7"],
                f"{name}:{batch}.{item}",
            )
            for item in range(batch % 3 + 1)
        ]
        await histories().append(posts)


if __name__ == "__main__":
    asyncio.run(publish(sys.argv[1], int(sys.argv[2])))
