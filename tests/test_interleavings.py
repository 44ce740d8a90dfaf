"""Whatever is sent again, to whichever process, in whatever order it gets there: one completion, each second once.

Two event loops in threads of their own stand for two web processes: each has its own recorder, batches and connections.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from progress import coverage, database, recorder
from progress.coverage import Segment
from progress.models import Lesson, Outbox, UserProgress
from progress.reports import Ack
from progress.ticks import Tick
from tests.cast import Cast

DURATION = 20.0
THRESHOLD = 60.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A tick's segment, and the processes that it is sent to: all at once, so that one is a retry of the others."""

    segment: Segment
    processes: tuple[int, ...]


edges = st.integers(0, int(DURATION * 4)).map(lambda quarter: quarter / 4)
segments = st.tuples(edges, edges).map(lambda pair: (min(pair), max(pair)))
sent = st.builds(Sent, segments, st.lists(st.integers(0, 1), min_size=1, max_size=4).map(tuple))
tabs = st.lists(st.lists(sent, min_size=1, max_size=6), min_size=1, max_size=3)


class Process:
    """What of a web process writes progress."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.begin(database.open_pool()).result(20)

    def begin(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Begin to do something there."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def end(self) -> None:
        """Let what is under way end, then the process."""
        self.begin(recorder.idle()).result(20)
        self.begin(database.close()).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def processes(transactional_db: None) -> Iterator[list[Process]]:
    both = [Process(), Process()]
    yield both
    for process in both:
        process.end()


def play(processes: list[Process], key: tuple[int, int], tab: list[Sent], name: str, acks: list[Ack]) -> None:
    """Send a tab's ticks, the next one when every copy of the last one was answered."""
    for number, each in enumerate(tab, start=1):
        tick = Tick(*key, 0, each.segment[1], segments=(each.segment,), player=name, id=number)
        copies = [processes[at].begin(recorder.record([tick])) for at in each.processes]
        for copy in copies:
            [ack] = copy.result(20)
            acks.append(ack)


@given(tabs=tabs)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_interleaving_of_retries_over_two_processes_gives_one_completion(
    processes: list[Process], cast: Cast, tabs: list[list[Sent]]
) -> None:
    number = Lesson.objects.count()
    lesson = Lesson.objects.create(
        course=cast.algorithms,
        title=f"Lesson {number}",
        slug=f"lesson-{number}",
        duration=DURATION,
        completion_threshold=THRESHOLD,
    )
    key = (cast.ada.pk, lesson.pk)
    begun = processes[0].begin(recorder.begin(*key)).result(20)
    UserProgress.objects.filter(pk=begun.pk).update(budget_seconds=10_000)

    acks: list[list[Ack]] = [[] for _ in tabs]
    players = [
        threading.Thread(target=play, args=(processes, key, tab, f"tab {place}", acks[place]))
        for place, tab in enumerate(tabs)
    ]
    for player in players:
        player.start()
    for player in players:
        player.join()

    row = UserProgress.objects.get(pk=begun.pk)
    union = coverage.union(coverage.clamp([each.segment for tab in tabs for each in tab], duration=DURATION))
    reached = coverage.percentage(union, duration=DURATION)
    assert [tuple(segment) for segment in row.segments] == union
    assert (row.video_watch_percentage, row.completed) == (reached, reached >= THRESHOLD)
    completions = Outbox.objects.filter(kind="lesson_completed", object_id=row.pk).count()
    assert completions == (1 if reached >= THRESHOLD else 0)
    for tab, told in zip(tabs, acks, strict=True):
        assert len(told) == sum(len(each.processes) for each in tab), "a copy was not answered"
        assert max(ack.watch_percentage for ack in told) <= reached
