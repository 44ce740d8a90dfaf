"""Publishing: entries and withdrawals go to the histories of every group that may see them."""

from collections.abc import Iterable

import msgspec

from feed import groups
from feed.entries import Entry
from feed.history import Post
from feed.layer import histories


def post_of(entry: Entry) -> Post:
    """The entry as an item of the histories; encoded once for all groups."""
    audience = groups.of_entry(user_id=entry["user"]["id"], course_id=entry["course"]["id"])
    return Post(msgspec.json.encode({"entry": entry}), audience, entry["id"])


def withdrawal_of(entry_id: str, *, user_id: int, course_id: int) -> Post:
    """The withdrawal of an entry, to the groups that may have it on their screens."""
    audience = groups.of_entry(user_id=user_id, course_id=course_id)
    return Post(msgspec.json.encode({"withdrawn": entry_id}), audience, entry_id, withdraws=True)


async def publish(posts: Iterable[Post], *, life: str | None = None) -> bool:
    """Append the posts to their histories and tell whoever watches; raises redis.RedisError where Redis is away.

    With `life`, False where another has begun since (Histories.append).
    """
    return await histories().append(list(posts), life=life)
