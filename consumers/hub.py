"""The hub: one subscription per process and group; what it hears, the fan-out gives to that process's feed sockets.

A group's stream is read in offset order. What the channel layer lost (a reconnect, a full buffer) is seen as a gap,
at the next message or, where none comes, at the next look at the positions, and is read again from the history; what
the history cannot give any more is a `reset`, never a hole (law 5).
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Iterable, Sequence
from typing import Any, cast

import msgspec
from channels.layers import get_channel_layer

from consumers import access, attention, frames, metrics, replays
from consumers.fan_out import FanOut
from consumers.frames import Appended, Item
from consumers.ops import orders
from consumers.replays import AWAY, Replayed
from consumers.stream import Stream
from consumers.viewer import Viewer
from feed import history, scripts
from feed.filters import Filters
from feed.history import Mark, Position
from feed.layer import HistoryLoopLayer, histories
from progress.ending import end
from progress.failures import in_words
from progress.together import Together

log = logging.getLogger(__name__)

KEPT_SECONDS = 30.0
"""A group is listened to for so long after its last viewer has left: a page that loads anew finds it."""

LOOK_SECONDS = 2.0
"""How often positions are compared: the longest that a loss on a silent group goes unseen."""

SUBSCRIBE_SECONDS = 3.0
PATIENCE_SECONDS = 0.1


class Hub:
    """One process's hub, on one event loop; begins with its first viewer."""

    def __init__(self) -> None:
        self.streams: dict[str, Stream] = {}
        self._fan_out = FanOut(self.streams, self.reset)
        self._subscribing = Together(self._subscribe, away=AWAY)
        self._lock = asyncio.Lock()
        self._channel: str | None = None
        self._beginning = asyncio.Lock()
        self._attending = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        self._people: set[int] | None = set()
        """Whose sockets are to be looked at again; None: everybody's."""

    async def join(self, viewer: Viewer, asked: Position, filters: Filters, *, turn: int | None = None) -> bool:
        """Replay to `viewer` what came after `asked` and go on live; False where that is impossible.

        On success `subscribed` is written first, then the replay, then live frames, without a gap between them: the
        viewer is added in the same step in which the last replay is found to reach the live stream. `turn` is the
        viewer's from before its groups were looked up: if it has moved since, rights changed, and these groups may not
        be the viewer's any more.
        """
        if turn is None:
            self.leave(viewer)
            turn = viewer.turn
        replayed: dict[str, list[Replayed]] = {group: [] for group in asked}
        at = dict(asked)
        try:
            for group in asked:
                await self._open(group)
            # One who is ahead heard it from a process that heard it sooner, or was never told that: the history says.
            wanting = [group for group, mark in at.items() if not self._is_at(group, mark)]
            while wanting:
                for group in wanting:
                    replay = await self._replay(group, at[group])
                    if replay is None:
                        return False
                    replayed[group].append(replay)
                    at[group] = replay.at
                wanting = [group for group, mark in at.items() if self._is_behind(group, mark)]
                if sum(len(replay.items) for each in replayed.values() for replay in each) > history.MOST_REPLAYED:
                    return False
        except AWAY as error:
            log.warning("A viewer could not be subscribed", extra={"error": in_words(error)})
            return False
        if viewer.turn != turn:
            return False
        viewer.filters = filters
        viewer.write(frames.subscribed({group: str(mark) for group, mark in asked.items()}, recovered=True))
        for group, missed in replayed.items():
            viewer.cursors[group] = asked[group]
            for replay in missed:
                viewer.give(group, replay.at, *replay.run(filters))
            self.streams[group].viewers.add(viewer)
        return True

    def behind(self) -> int:
        """How many of this process's viewers are passed over until they have read."""
        return self._fan_out.behind()

    def leave(self, viewer: Viewer) -> None:
        """Deliver nothing more to this viewer."""
        for group in viewer.cursors:
            if stream := self.streams.get(group):
                stream.viewers.discard(viewer)
        viewer.forget()

    async def stop(self) -> None:
        """End the hub's tasks and subscriptions."""
        await end(*self._tasks)
        self._tasks.clear()
        self.streams.clear()

    def _is_at(self, group: str, mark: Mark) -> bool:
        stream = self.streams.get(group)
        return stream is not None and stream.at == mark

    def _is_behind(self, group: str, mark: Mark) -> bool:
        stream = self.streams.get(group)
        return stream is None or stream.at is None or mark.epoch != stream.at.epoch or mark.offset < stream.at.offset

    async def _replay(self, group: str, mark: Mark) -> Replayed | None:
        replay = await replays.after(group, mark)
        stream = self.streams.get(group)
        if replay is None or stream is None:
            return None
        # The stream's own epoch is behind only while a `reset` for it is on its way.
        return replay if stream.at is None or stream.at.epoch == replay.at.epoch else None

    async def start(self) -> None:
        """Begin to listen; where Redis is away, as soon as it is back."""
        if not self._tasks:
            work = (self._listen(), self._look(), self._check_people(), self._fan_out.run(), self._fan_out.relieve())
            self._tasks = [asyncio.create_task(each) for each in work]

    async def _attend(self) -> str:
        """Return this process's channel; from the first call on it hears what concerns people."""
        async with self._beginning:
            if self._channel is None:
                channel = await _layer().new_channel("hub")
                await _add(access.GROUP, channel)
                people = Stream(access.GROUP)
                people.begin((await histories().positions([access.GROUP]))[access.GROUP])
                self.streams[access.GROUP] = people
                self._channel = channel
                self._attending.set()
        return self._channel

    async def _open(self, group: str) -> None:
        await self.start()
        stream = self.streams.get(group)
        if stream is None:
            stream = self.streams[group] = Stream(group)
        stream.idle_since = asyncio.get_running_loop().time()
        if not stream.subscribed.is_set():
            await self._subscribing.ask(group)

    async def _subscribe(self, groups: Sequence[str]) -> dict[str, Stream]:
        streams = {group: self.streams[group] for group in groups if group in self.streams}
        for group in streams:
            await _add(group, await self._attend())
        # SUBSCRIBE is sent but not answered when group_add returns; a position told through the group is heard only
        # once it is in force, and says where the stream was then.
        async with asyncio.timeout(SUBSCRIBE_SECONDS):
            await histories().positions(streams, announce=True)
            for stream in streams.values():
                await stream.subscribed.wait()
        return streams

    async def _listen(self) -> None:
        await self._attending.wait()
        while True:
            try:
                message = await _layer().receive(await self._attend())
                async with self._lock:
                    await self._hear(message)
            except AWAY as error:
                # Found again by the next look; until then nothing is delivered past the gap.
                log.warning("A gap could not be filled yet", extra={"error": in_words(error)})
                await asyncio.sleep(PATIENCE_SECONDS)
            except Exception:
                # Whatever somebody else publishes there, this process goes on listening.
                log.exception("A message of the channel layer could not be read")
                await asyncio.sleep(PATIENCE_SECONDS)

    async def _look(self) -> None:
        away = False
        while True:
            try:
                async with self._lock:
                    await self._attend()
                    await self._compare()
                    await self._let_go()
                if away:
                    log.warning("Redis answers again")
                away = False
            except AWAY as error:
                if not away:
                    log.error("Redis does not answer", extra={"error": in_words(error)})
                away = True
            except Exception:
                log.exception("Positions could not be compared")
            await asyncio.sleep(LOOK_SECONDS)

    async def _check_people(self) -> None:
        # A task of its own: entries of others must not wait until every socket concerned has been looked at.
        while True:
            await self._changed.wait()
            self._changed.clear()
            people, self._people = self._people, set()
            await access.look_again(people)

    def _concern(self, people: Iterable[int] | None) -> None:
        self._people = None if people is None or self._people is None else self._people.union(people)
        self._changed.set()

    async def _hear(self, message: dict[str, Any]) -> None:
        stream = self.streams.get(message.get("group", ""))
        if stream is None:
            return
        payload = message["payload"]
        if message["type"] == scripts.APPENDED:
            appended = msgspec.json.decode(payload, type=Appended)
            await self._take(stream, appended)
        elif message["type"] == scripts.AT:
            told = msgspec.json.decode(payload)
            await self._compare_one(stream, Mark(told["epoch"], told["offset"]))
        elif message["type"] == scripts.RESET:
            told = msgspec.json.decode(payload)
            self._reset(stream, Mark(told["epoch"], 0), told["reason"])

    async def _take(self, stream: Stream, appended: Appended) -> None:
        last = appended.first + len(appended.items) - 1
        if stream.at is None or stream.at.epoch != appended.epoch:
            if stream.at is not None:
                self._reset(stream, Mark(appended.epoch, last), await histories().reason(stream.group))
            return
        if last <= stream.at.offset:
            return
        if appended.first > stream.at.offset + 1:
            await self._fill(stream)
            return
        stream.published_at = appended.at
        self._advance(stream, appended.items[stream.at.offset + 1 - appended.first :])

    async def _compare(self) -> None:
        watched = [stream for stream in self.streams.values() if stream.subscribed.is_set()]
        if not watched:
            return
        positions = await histories().positions([stream.group for stream in watched])
        for stream in watched:
            await self._compare_one(stream, positions[stream.group])

    async def _compare_one(self, stream: Stream, mark: Mark) -> None:
        if stream.at is None:
            stream.begin(mark)
        elif stream.at.epoch != mark.epoch:
            self._reset(stream, mark, await histories().reason(stream.group))
        elif stream.at.offset < mark.offset:
            await self._fill(stream)

    async def _fill(self, stream: Stream) -> None:
        at = cast(Mark, stream.at)
        replay = await histories().replay(stream.group, at)
        if replay is not None:
            metrics.gaps.labels("filled").inc()
            log.info("A gap was filled", extra={"group": stream.group, "items": len(replay.items)})
            self._advance(stream, [frames.item(each) for each in replay.items])
        else:
            metrics.gaps.labels("lost").inc()
            positions = await histories().positions([stream.group])
            self._reset(stream, positions[stream.group], await histories().reason(stream.group))

    def _advance(self, stream: Stream, items: list[Item]) -> None:
        stream.hear(items)
        if stream.group == access.GROUP:
            stream.take()
            if people := {person for item in items for person in item.people}:
                self._concern(people)
            if courses := {course for item in items for course in item.courses}:
                attention.tell_viewers(self.streams, courses)
            for item in items:
                if order := bytes(item.order):
                    orders.heard(order)
        else:
            self._fan_out.wake()

    def _reset(self, stream: Stream, at: Mark, reason: str) -> None:
        stream.begin(at)
        metrics.epochs.labels(reason).inc()
        if stream.group == access.GROUP:
            self._concern(None)  # whose rights changed meanwhile cannot be told any more
        self.reset(list(stream.viewers), reason)

    def reset(self, viewers: Iterable[Viewer], reason: str) -> None:
        """Tell these viewers to take a snapshot; they get nothing more until they subscribe again."""
        for viewer in viewers:
            self.leave(viewer)
            viewer.write(frames.reset(reason))
            metrics.resets.labels(reason).inc()

    async def _let_go(self) -> None:
        now = asyncio.get_running_loop().time()
        for stream in list(self.streams.values()):
            if stream.viewers or stream.group == access.GROUP:
                stream.idle_since = now
            elif now - stream.idle_since > KEPT_SECONDS:
                del self.streams[stream.group]
                await _layer().group_discard(stream.group, cast(str, self._channel))


async def _add(group: str, channel: str) -> None:
    try:
        await _layer().group_add(group, channel)
    except (AttributeError, RuntimeError) as error:
        # redis-py, where the connection falls while SUBSCRIBE is written: its reader is None, or taken.
        raise ConnectionError(f"SUBSCRIBE could not be sent: {error!r}") from error


def _layer() -> HistoryLoopLayer:
    return cast(HistoryLoopLayer, get_channel_layer())


_hubs: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = weakref.WeakKeyDictionary()


def hub() -> Hub:
    """The running loop's hub."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]


def running() -> Hub | None:
    """The running loop's hub, if it ever began."""
    return _hubs.get(asyncio.get_running_loop())


async def stop() -> None:
    """Stop the running loop's hub, if it ever began."""
    found = _hubs.pop(asyncio.get_running_loop(), None)
    if found is not None:
        await found.stop()
