"""Histories: for each group a bounded Redis Stream, its epoch and its offset, moved by scripts alone.

Offset, append and PUBLISH happen in one script for all groups of a batch, so that what is published is contiguous and
in order whoever publishes. The epoch holds Redis's `run_id`, read inside the script: redis-py sends a command again
after it has reconnected, with the old arguments, and a Redis that came back from an older save would then hand out
offsets that were used before.

Keys: `<prefix>:meta:<group>` (hash: run_id, epoch, offset), `<prefix>:history:<group>` (stream, ids `<offset>-0`),
`<prefix>:withdrawn` (sorted set of ids that may not come again, by the second in which that ends).

The life (scripts.LIFE) is an epoch of its own: who reads entries from the database and appends them sees by it that
names changed in between, or that Redis forgot what was withdrawn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from feed import groups, scripts

if TYPE_CHECKING:
    from redis.asyncio import Redis

MOST_REPLAYED = 1000
"""Items that one replay gives; whoever missed more takes a new snapshot."""

GROUPS_PER_REPLAY = 20
"""Histories that one script reads to replay them: at most 20,000 items."""

CHUNK = 500
"""Items, or groups, that one run of a script takes: Redis serves nobody else meanwhile."""


ResetReason = Literal["history_lost", "renamed", "access_changed"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a group's history: which life of it, and how many items it had. On the wire one opaque text."""

    epoch: str
    offset: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.offset}"


def parse_mark(text: object) -> Mark | None:
    """Return the mark, or None where the text cannot be one: then there is nothing to recover from."""
    if not isinstance(text, str) or len(text) > 32:
        return None
    epoch, _, offset = text.partition(".")
    if not (epoch.isascii() and epoch.isalnum() and offset.isascii() and offset.isdecimal()):
        return None
    return Mark(epoch, int(offset))


Position = dict[str, Mark]
Place = tuple[str, Mark]
"""A group, and a mark in its history."""


@dataclass(frozen=True, slots=True)
class Post:
    """One item for the histories: its JSON text, the groups it goes to, and the entry's id.

    An entry whose id was withdrawn within the last day is refused; `withdraws` says that this item withdraws it.
    """

    item: bytes
    groups: Sequence[str]
    entry_id: str
    withdraws: bool = False


@dataclass(frozen=True, slots=True)
class Replay:
    """What a group's history has after a mark, in offset order; `at` is the mark of the last item."""

    items: list[bytes]
    at: Mark

    def after(self, mark: Mark) -> Replay | None:
        """What is after `mark`, which must be of the same epoch; None where not all of it is here."""
        many = self.at.offset - mark.offset
        return Replay(self.items[len(self.items) - many :], self.at) if 0 <= many <= len(self.items) else None


def bound(group: str) -> int:
    """How many items a group's history keeps."""
    if group == groups.ALL:
        return 20_000
    return 5_000 if group.startswith("feed.course.") else 200


class Histories:
    """The histories in one Redis, over one loop's connections. Every method raises redis.RedisError when it is away."""

    def __init__(self, client: Redis, *, prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self.life = "?"
        """The life (scripts.LIFE) at our last append; none before the first one."""
        self._append = client.register_script(scripts.APPEND)
        self._positions = client.register_script(scripts.POSITIONS)
        self._replay = client.register_script(scripts.REPLAY)
        self._begin = client.register_script(scripts.BEGIN)

    async def ping(self) -> bool:
        """Return whether Redis answers."""
        return bool(await self._client.ping())

    async def append(self, posts: Sequence[Post], *, life: str | None = None) -> bool:
        """Append a batch to all its groups and publish it there, each group's items in the order given.

        With `life`, only while it is still that one; else nothing more is appended, and the answer is False: what was
        read before may say an old name, or have been withdrawn.
        """
        for start in range(0, len(posts), CHUNK):
            if not await self._append_some(posts[start : start + CHUNK], life):
                return False
        return True

    async def _append_some(self, posts: Sequence[Post], life: str | None) -> bool:
        places: dict[str, list[int]] = {}
        for index, post in enumerate(posts, start=1):
            for group in post.groups:
                places.setdefault(group, []).append(index)
        if not places:
            return True
        arguments: list[Any] = [self._prefix, len(posts), "" if life is None else life]
        for post in posts:
            arguments += [post.item, post.entry_id, "1" if post.withdraws else "0"]
        for group, indexes in places.items():
            arguments += [group, bound(group), len(indexes), *indexes]
        appended, now = await self._append(args=arguments)
        self.life = now.decode()
        return bool(appended)

    async def positions(self, names: Iterable[str], *, announce: bool = False) -> Position:
        """Return where each group's history is now; a group without one begins an epoch.

        With `announce` each group is also told its position: whoever hears that is subscribed, and has missed
        nothing since.
        """
        asked = list(names)
        answer = await self._positions(args=[self._prefix, "1" if announce else "0", *asked])
        return {
            group: Mark(epoch.decode(), int(offset))
            for group, epoch, offset in zip(asked, answer[::2], answer[1::2], strict=True)
        }

    async def replay(self, group: str, mark: Mark, *, most: int = MOST_REPLAYED) -> Replay | None:
        """Return everything after `mark`, or None where that is impossible: another epoch, trimmed, or too much."""
        replay = (await self.replays([(group, mark)])).get((group, mark))
        return replay if replay is not None and len(replay.items) <= most else None

    async def replays(self, asked: Collection[Place]) -> dict[Place, Replay]:
        """Return everything after each mark of a group; left out where that is impossible, as above.

        What several marks of a group have in common is read once.
        """
        least: dict[tuple[str, str], int] = {}
        for group, mark in asked:
            key = (group, mark.epoch)
            least[key] = min(mark.offset, least.get(key, mark.offset))
        tails: dict[tuple[str, str], Replay] = {}
        keys = list(least)
        for start in range(0, len(keys), GROUPS_PER_REPLAY):
            some = keys[start : start + GROUPS_PER_REPLAY]
            arguments = [text for key in some for text in (*key, least[key])]
            answers = await self._replay(args=[self._prefix, MOST_REPLAYED, *arguments])
            tails |= {
                key: Replay(answer[2:], Mark(answer[0].decode(), int(answer[1])))
                for key, answer in zip(some, answers, strict=True)
                if answer
            }
        return {
            (group, mark): after
            for group, mark in asked
            if (tail := tails.get((group, mark.epoch))) and (after := tail.after(mark))
        }

    async def reason(self, group: str) -> ResetReason:
        """Return why the group's epoch was begun: by hand with a reason, or because a history was lost."""
        reason: bytes | None = await cast(Any, self._client.hget(f"{self._prefix}:meta:{group}", "reason"))
        return cast(ResetReason, reason.decode()) if reason else "history_lost"

    async def begin_epochs(self, names: Iterable[str], *, reason: ResetReason) -> None:
        """Begin a new epoch in these groups: their viewers get `reset` and take a new snapshot."""
        asked = list(names)
        for start in range(0, len(asked), CHUNK):
            await self._begin(args=[self._prefix, reason, *asked[start : start + CHUNK]])
