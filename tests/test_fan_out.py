"""The fan-out: built once, one run a viewer and pass, nobody served twice or passed over in silence."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import pytest
import pytest_asyncio
from django.conf import settings as django_settings

from consumers import codes, frames
from consumers.fan_out import YIELD_EVERY, FanOut
from consumers.stream import Stream
from consumers.viewer import Viewer
from consumers.wire import Frame, Run
from feed.filters import NONE, Filters, parse_filters
from feed.history import Mark, Post
from feed.layer import histories
from tests.live import until

GROUP = "feed.course.7"
EPOCH = "e1"


def text(number: int) -> bytes:
    return json.dumps({"entry": {"id": f"exam_attempt:{number}", "type": "exam_attempt"}}).encode()


def items(*numbers: int) -> list[frames.Item]:
    return [frames.item(text(number)) for number in numbers]


class Page:
    """A viewer's wire: keeps what it is given, and is as full as it is told."""

    def __init__(self) -> None:
        self.given: list[Run | Frame] = []
        self.full = 0
        self.ended = False

    def write(self, frame: Frame) -> None:
        self.given.append(frame)

    def write_all(self, frames: Run) -> None:
        self.given.append(frames)

    def unsent(self) -> int:
        return self.full

    def drop(self) -> None:
        pass

    def abort(self) -> None:
        pass

    def give(self, run: Run, most: int) -> bool:
        if self.full > most:
            return False
        self.write_all(run)
        return True

    async def end(self) -> None:
        self.ended = True

    def frames(self) -> list[dict[str, Any]]:
        flat = [each for given in self.given for each in (given.frames if isinstance(given, Run) else [given])]
        return [json.loads(frame.text) for frame in flat]

    def numbers(self) -> list[int]:
        return [int(entry["id"].split(":")[1]) for frame in self.frames() for entry in frame.get("entries", [])]


class Hall:
    """A stream with its fan-out, and its viewers."""

    def __init__(self) -> None:
        self.stream = Stream(GROUP, at=Mark(EPOCH, 0))
        self.resets: list[tuple[Viewer, str]] = []
        self.fan_out = FanOut({GROUP: self.stream}, self.reset)
        self.tasks = [asyncio.create_task(each) for each in (self.fan_out.run(), self.fan_out.relieve())]

    def reset(self, viewers: Iterable[Viewer], reason: str) -> None:
        for viewer in viewers:
            viewer.forget()
            self.stream.viewers.discard(viewer)
            self.resets.append((viewer, reason))

    def seat(self, *, at: int = 0, filters: Filters = NONE) -> tuple[Viewer, Page]:
        page = Page()
        viewer = Viewer(page, page.end, filters)
        viewer.cursors[GROUP] = Mark(self.stream.at.epoch if self.stream.at else EPOCH, at)
        self.stream.viewers.add(viewer)
        return viewer, page

    def hear(self, *numbers: int) -> None:
        self.stream.hear(items(*numbers))
        self.fan_out.wake()


@pytest_asyncio.fixture
async def hall() -> AsyncIterator[Hall]:
    made = Hall()
    yield made
    for task in made.tasks:
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)


@pytest.fixture
def fresh_prefix(settings: Any) -> None:
    layer = django_settings.CHANNEL_LAYERS["default"]
    prefix = f"{layer['CONFIG']['prefix']}{os.urandom(4).hex()}"
    settings.CHANNEL_LAYERS = {"default": {**layer, "CONFIG": {**layer["CONFIG"], "prefix": prefix}}}


async def test_what_gathers_before_a_pass_is_one_run_built_once_for_all_with_the_same_filters(hall: Hall) -> None:
    pages = [hall.seat()[1] for _ in range(3)]
    other = hall.seat(filters=parse_filters({"type": ["exam_attempt"]}))[1]
    for number in range(1, 6):
        hall.hear(number)
    await until(lambda: all(page.given for page in [*pages, other]))
    assert [page.numbers() for page in [*pages, other]] == [[1, 2, 3, 4, 5]] * 4
    assert {len(page.given) for page in pages} == {1}
    assert len({id(page.given[0]) for page in pages}) == 1
    assert other.given[0] is not pages[0].given[0]
    assert pages[0].frames()[0]["position"] == {GROUP: f"{EPOCH}.5"}


async def test_a_viewer_who_joined_ahead_of_the_pass_gets_only_what_is_new_to_it(hall: Hall) -> None:
    _, behind = hall.seat()
    _, ahead = hall.seat(at=2)
    _, level = hall.seat(at=3)
    hall.hear(1, 2, 3)
    await until(lambda: behind.given)
    assert (behind.numbers(), ahead.numbers(), level.numbers()) == ([1, 2, 3], [3], [])
    hall.hear(4)
    await until(lambda: level.given)
    assert (behind.numbers(), ahead.numbers(), level.numbers()) == ([1, 2, 3, 4], [3, 4], [4])


async def test_one_who_leaves_in_the_middle_of_a_pass_gets_nothing_and_what_comes_then_is_the_next_pass(
    hall: Hall,
) -> None:
    seats = [hall.seat() for _ in range(YIELD_EVERY + 10)]
    last, unlucky = seats[-1]

    def leave_now(page: Page) -> Callable[[Run], None]:
        def write_all(run: Run) -> None:
            page.given.append(run)
            if not unlucky.given and not hall.resets:
                hall.reset([last], "access_changed")
                hall.hear(3)

        return write_all

    for _, page in seats[:-1]:
        page.write_all = leave_now(page)  # type: ignore[method-assign]
    hall.hear(1)
    hall.hear(2)
    others = [page for _, page in seats[:-1]]
    await until(lambda: all(page.numbers() == [1, 2, 3] for page in others))
    assert unlucky.given in ([], [others[0].given[0]])  # it may have been the first of all, before it left
    assert {len(page.given) for page in others} == {2}


async def test_where_filters_hide_all_nothing_is_written_and_the_mark_goes_with_the_ping(hall: Hall) -> None:
    viewer, page = hall.seat(filters=parse_filters({"type": ["lesson_completed"]}))
    hall.hear(1, 2)
    await until(lambda: viewer.cursors[GROUP].offset == 2)
    assert page.given == []
    viewer.tell_moved()
    viewer.tell_moved()
    assert page.frames() == [{"type": "entries", "entries": [], "position": {GROUP: f"{EPOCH}.2"}}]


async def test_a_viewer_who_was_passed_over_without_a_word_is_told_to_begin_anew(hall: Hall) -> None:
    hall.stream.at = Mark(EPOCH, 5)
    lost, page = hall.seat(at=3)
    _, fine = hall.seat(at=5)
    hall.hear(6)
    await until(lambda: hall.resets)
    assert hall.resets == [(lost, "history_lost")]
    assert (page.numbers(), fine.numbers()) == ([], [6])


@pytest.mark.usefixtures("fresh_prefix")
async def test_one_who_is_full_is_passed_over_and_catches_up_once_it_has_read(hall: Hall) -> None:
    hall.stream.at = (await histories().positions([GROUP]))[GROUP]
    viewer, page = hall.seat()
    _, quick = hall.seat()
    page.full = codes.BEHIND_BYTES + 1
    for number in range(1, 301):
        await histories().append([Post(text(number), [GROUP], f"exam_attempt:{number}")])
        hall.hear(number)
    await until(lambda: quick.numbers() == list(range(1, 301)))
    assert page.given == []
    page.full = codes.BEHIND_BYTES  # not yet: half of it must be free
    hall.hear()
    assert viewer.behind_since is not None
    page.full = 0
    await until(lambda: viewer.behind_since is None)
    assert page.numbers() == list(range(1, 301))
    await histories().append([Post(text(301), [GROUP], "exam_attempt:301")])
    hall.hear(301)
    await until(lambda: page.numbers() == list(range(1, 302)))
    assert hall.resets == []


@pytest.mark.usefixtures("fresh_prefix")
async def test_one_who_fills_up_again_while_it_catches_up_gets_the_rest_later(hall: Hall) -> None:
    hall.stream.at = (await histories().positions([GROUP]))[GROUP]
    viewer, page = hall.seat()
    page.full = codes.BEHIND_BYTES + 1
    posts = [Post(text(number), [GROUP], f"exam_attempt:{number}") for number in range(1, 451)]
    await histories().append(posts)
    hall.hear(*range(1, 451))
    write_all = page.write_all

    def fill(run: Run) -> None:
        write_all(run)
        page.full = codes.BEHIND_BYTES + 1  # one chunk is enough

    page.write_all = fill  # type: ignore[method-assign]
    await until(lambda: viewer.behind_since is not None)
    for reached in (100, 200, 300, 400, 450):
        page.full = 0
        await until(lambda reached=reached: len(page.numbers()) == reached)
    assert page.numbers() == list(range(1, 451))
    page.full = 0
    await until(lambda: viewer.behind_since is None)


async def test_one_who_stays_full_or_holds_too_much_is_ended(hall: Hall, settings: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(codes, "STALLED_SECONDS", 0.3)
    settings.LIMIT_UNSENT_BYTES = 1 << 20
    _, stalled = hall.seat()
    stalled.full = codes.BEHIND_BYTES + 1
    _, heavy = hall.seat()
    heavy.full = (1 << 20) + 1
    _, fine = hall.seat()
    hall.hear(1)
    await until(lambda: heavy.ended)
    assert not stalled.ended
    await until(lambda: stalled.ended)
    assert fine.numbers() == [1]
    assert not fine.ended
