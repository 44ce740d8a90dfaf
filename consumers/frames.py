"""Frames of the feed socket, built from the histories' items without decoding what need not be decoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from consumers.codes import FRAME_BYTES
from consumers.wire import Frame, Run
from feed.filters import Filters
from feed.history import Mark


class Item(msgspec.Struct, omit_defaults=True):
    """One item of a history: an entry, as the JSON text that was published, or the id of one taken back; in the group
    of consumers.access the people whose rights changed, the courses in which somebody's attention was answered, or an
    operator's order, unread (consumers.ops.orders)."""

    entry: msgspec.Raw = msgspec.Raw()
    withdrawn: str = ""
    people: list[int] = []
    courses: list[int] = []
    order: msgspec.Raw = msgspec.Raw()

    def shown_under(self, filters: Filters) -> bool:
        """Return whether a viewer with these filters gets it; a withdrawal concerns everybody."""
        return bool(self.withdrawn) or not filters or filters.match(msgspec.json.decode(self.entry))


def item(text: bytes) -> Item:
    """An item as a history keeps it."""
    return msgspec.json.decode(text, type=Item)


class Appended(msgspec.Struct):
    """What the append script publishes to a group."""

    epoch: str
    first: int
    items: list[Item]
    at: float = 0.0
    """When, by Redis's clock."""


def of_items(
    group: str, epoch: str, first: int, items: Sequence[Item], filters: Filters
) -> Iterator[tuple[int, bytes]]:
    """Yield frames for contiguous items, each with the offset it brings a viewer to (_runs says how)."""
    for reached, frame, _ in _runs(group, epoch, first, items, filters):
        yield reached, frame


def _runs(
    group: str, epoch: str, first: int, items: Sequence[Item], filters: Filters
) -> Iterator[tuple[int, bytes, int]]:
    """Yield frames, each with the offset it brings a viewer to, and how many items are in it.

    Runs of entries go in one frame up to 32 KiB, runs of withdrawals likewise. Items that the filters hide make no
    frame; the mark that moves over them goes with the next frame, or with the next ping.
    """
    run: list[bytes] = []
    envelope = len(_frame("entries", [], group, Mark(epoch, first + len(items))))
    reached, size = 0, envelope
    kind = ""
    for offset, item in enumerate(items, start=first):
        if not item.shown_under(filters):
            continue
        body = msgspec.json.encode(item.withdrawn) if item.withdrawn else bytes(item.entry)
        item_kind = "withdrawn" if item.withdrawn else "entries"
        if run and (item_kind != kind or size + len(body) > FRAME_BYTES):
            yield reached, _frame(kind, run, group, Mark(epoch, reached)), len(run)
            run, size = [], envelope
        run.append(body)
        kind, size, reached = item_kind, size + len(body) + 1, offset
    if run:
        yield reached, _frame(kind, run, group, Mark(epoch, reached)), len(run)


def run_of(group: str, after: Mark, items: Sequence[Item], filters: Filters) -> tuple[Run, Mark] | tuple[None, None]:
    """The frames for items that follow `after`, as one run, and the mark that the last of them tells."""
    built = list(_runs(group, after.epoch, after.offset + 1, items, filters))
    if not built:
        return None, None
    shown = sum(count for _, _, count in built)
    return Run([Frame(text) for _, text, _ in built], shown), Mark(after.epoch, built[-1][0])


def moved(group: str, mark: Mark) -> Frame:
    """A frame without entries that only moves a mark: what lay between was hidden by the viewer's filters."""
    return Frame(_frame("entries", [], group, mark))


def _frame(kind: str, bodies: Sequence[bytes], group: str, mark: Mark) -> bytes:
    key = b"ids" if kind == "withdrawn" else b"entries"
    return b'{"type":"%s","%s":[%s],"position":%s}' % (
        kind.encode(),
        key,
        b",".join(bodies),
        msgspec.json.encode({group: str(mark)}),
    )


def subscribed(position: dict[str, str], *, recovered: bool) -> Frame:
    """The answer to `subscribe`: with `recovered` off nothing follows, and a snapshot is needed."""
    return Frame.of({"type": "subscribed", "recovered": recovered, "position": position})


def reset(reason: str) -> Frame:
    """What was there cannot be continued: take a snapshot, then subscribe."""
    return Frame.of({"type": "reset", "reason": reason})


def attention(courses: list[int]) -> Frame:
    """In these courses a reason for attention was dismissed, snoozed or brought back: load the list anew."""
    return Frame.of({"type": "attention", "courses": courses})
