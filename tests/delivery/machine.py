"""The machine of all that can happen to live delivery, on two processes' worth of hubs.

The truth is the real database, asked by the page load's own query: a model of it would know nothing of what the
product's doors (recorder, exams, school, corrections) tell, nor of what entries look like then.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from typing import Any, ClassVar

import msgspec
import redis
from django.conf import settings as django_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from consumers import codes
from feed.entries import Entry
from feed.layer import histories
from progress import recorder, sweeper
from progress.ticks import Tick
from project.embedded import Valkey
from tests.delivery.browser import Browser, Wanted
from tests.delivery.page import Kept, Marks
from tests.delivery.process import Process
from tests.delivery.school import COURSES, LESSONS, STUDENTS, School
from tests.live import until

WITHIN = 8.0

VIEWERS = (("admin", 0, "all"), ("admin", 1, "types"), ("grace", 1, "all"), ("grace", 0, "student"), ("ada", 0, "all"))
"""Whose page, on which process, with which filters."""

FILTERS = ("all", "types", "student", "course", "words")
STUDIED = [(name, at) for name, studied in STUDENTS.items() for at, course in enumerate(LESSONS) if course in studied]
SAT = [(name, course) for name, studied in STUDENTS.items() for course in studied]

Watched = list[tuple[tuple[str, int], int]]
"""Who watched which lesson up to how many percent."""

watched = st.lists(st.tuples(st.sampled_from(STUDIED), st.sampled_from(range(45, 101, 5))), min_size=1, max_size=8)
viewers = st.integers(0, len(VIEWERS) - 1)
processes = st.integers(0, 1)


class Delivery(RuleBasedStateMachine):
    """Everything that can happen while Redis stays; at each `rest` nothing may be missing, wrong or too much."""

    valkey: ClassVar[Valkey]

    def __init__(self) -> None:
        super().__init__()
        self.redis = redis.Redis.from_url(self.valkey.url)
        self.redis.flushall()
        self.prefix = django_settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
        self.processes = [Process(), Process()]
        self.school = School()
        self.browsers: list[Browser] = []
        self.kept: list[list[Kept]] = [[] for _ in VIEWERS]
        self.away: set[int] = set()
        self.removed: set[int] = set()
        self.had_nothing = False
        """Whether grace taught nothing at some moment since all rested."""

    @initialize()
    def open(self) -> None:
        """A school where little was done yet, and every viewer's page."""
        self.door.do(self.school.open)
        for name, process, filters in VIEWERS:
            session, wanted = self.school.sessions[name], self.wanted(filters)
            browser = Browser(self.school.people[name], session, self.processes[process], wanted)
            browser.page.may = self.school.groups_of(name)
            browser.process.run(browser.load())
            self.browsers.append(browser)
        self.study_at_once([(("bob", 1), 50)], [(("eve", 2), 50)])

    # What students and the school do.

    @rule(process=processes, did=watched)
    def study(self, process: int, did: Watched) -> None:
        """A batch of ticks: updates, also of one row again, and completions."""
        self.processes[process].run(recorder.record(self.ticks(did)))

    @rule(here=watched, there=watched)
    def study_at_once(self, here: Watched, there: Watched) -> None:
        """A batch on each process, so that both publish at the same time."""
        left, right = self.processes
        other = right.begin(recorder.record(self.ticks(there)))
        left.run(recorder.record(self.ticks(here)))
        other.result(WITHIN)

    @rule(who=st.sampled_from(SAT), passes=st.booleans())
    def sit_exam(self, who: tuple[str, int], passes: bool) -> None:
        """An attempt at an exam, which may bring a certificate."""
        self.door.do(self.school.sit_exam, *who, passes)

    @rule(what=st.sampled_from([*STUDENTS, *range(len(LESSONS))]))
    def take_back(self, what: str | int) -> None:
        """A student's attempt is withdrawn, with the certificate that it brought; or a lesson goes with its entries."""
        if isinstance(what, str):
            self.door.do(self.school.withdraw_attempt, what)
        else:
            self.removed.add(what)
            self.door.do(self.school.remove_lesson, what)

    @rule(
        subject=st.sampled_from(["person", "course", "lesson"]),
        at=st.integers(0, 3),
        name=st.sampled_from(["Old", "New"]),
    )
    def rename(self, subject: str, at: int, name: str) -> None:
        """Somebody or something is called another name, which begins new epochs."""
        self.door.do(self.school.rename, subject, at, name)

    @rule(courses=st.sets(st.integers(0, len(COURSES) - 1)))
    def teach(self, courses: set[int]) -> None:
        """Grace loses courses, gains some, or both."""
        self.had_nothing |= not courses
        for (name, _, _), browser in zip(VIEWERS, self.browsers, strict=True):
            if name == "grace":
                browser.page.may |= self.school.groups_of_teacher(courses)
        self.door.do(self.school.set_taught, courses)

    # What goes wrong.

    @rule(process=processes, count=st.integers(1, 4))
    def lose(self, process: int, count: int) -> None:
        """The next messages never reach the hub of a process."""
        self.processes[process].lose(count)

    @rule(what=st.sampled_from(["all", "course", "student", "everything"]), keep=st.integers(0, 3))
    def forget(self, what: str, keep: int) -> None:
        """Histories are trimmed to their newest items; or Redis forgets everything."""
        if what == "everything":
            self.redis.flushall()
        for key in self.redis.keys(f"{self.prefix}:history:feed.{what}*"):
            self.redis.xtrim(key, maxlen=keep, approximate=False)

    @precondition(lambda self: not self.dawdling)
    @rule(process=processes, did=watched)
    def dawdle(self, process: int, did: Watched) -> None:
        """A process has read entries, and does not come to publish them."""
        self.processes[process].dawdle(True)
        self.study(process, did)

    @precondition(lambda self: self.dawdling)
    @rule()
    def dawdle_no_more(self) -> None:
        """Now it does."""
        for process in self.processes:
            process.dawdle(False)

    @rule()
    def sweep(self) -> None:
        """The worker tells what is still in the outbox, also what a process holds."""
        self.door.run(sweeper.sweep(patience=0))

    # What viewers do.

    @rule(viewer=viewers)
    def disconnect(self, viewer: int) -> None:
        """A connection falls."""
        self.away.add(viewer)
        self.on(viewer, Browser.disconnect)

    @precondition(lambda self: self.away)
    @rule(which=viewers, process=processes, stale=st.integers(0, 3))
    def come_back(self, which: int, process: int, stale: int) -> None:
        """A page connects again, to any process: as it was when its connection fell, or at an earlier rest."""
        viewer = sorted(self.away)[which % len(self.away)]
        self.away.discard(viewer)
        browser, kept = self.browsers[viewer], self.kept[viewer]
        if stale and kept:
            browser.page.show_again(kept[-min(stale, len(kept))])
        browser.process = self.processes[process]
        self.on(viewer, Browser.connect if browser.refused is None else Browser.load)

    @rule(viewer=viewers, filters=st.sampled_from(FILTERS))
    def filter(self, viewer: int, filters: str) -> None:
        """A page wants something else to see."""
        self.kept[viewer].clear()
        self.on(viewer, Browser.filter, self.wanted(filters))

    @rule(viewer=viewers)
    def read_no_more(self, viewer: int) -> None:
        """A page does not read from its socket until all rest."""
        self.on(viewer, Browser.read, False)

    # What must hold.

    @invariant()
    def no_frame_was_wrong(self) -> None:
        """No hole, nothing of a group that is not the viewer's, nothing that the filters hide."""
        for viewer, browser in zip(VIEWERS, self.browsers, strict=False):
            assert not browser.page.wrong, (viewer, browser.page.wrong, browser.page.frames[-12:])
            assert not browser.failures, (viewer, browser.failures)

    @rule()
    def rest(self) -> None:
        """Nothing moves any more: each page is where its histories are, and shows what a page load would show."""
        self.dawdle_no_more()
        for viewer, _ in enumerate(VIEWERS):
            self.on(viewer, Browser.read, True)
        for process in self.processes:
            process.run(recorder.idle())
        while self.door.run(sweeper.sweep(patience=0)):
            pass
        connected = [viewer for viewer, _ in enumerate(VIEWERS) if viewer not in self.away]
        for viewer in connected:
            self.settle(viewer)
        for viewer in connected:
            name, browser = VIEWERS[viewer][0], self.browsers[viewer]
            if browser.refused is None:
                frames = browser.page.frames[-12:]
                assert browser.page.rows() == self.truth(name, browser.wanted), (VIEWERS[viewer], frames)
                self.kept[viewer].append(browser.page.keep())
        for (name, _, _), browser in zip(VIEWERS, self.browsers, strict=True):
            browser.page.may = self.school.groups_of(name)
        self.had_nothing = not self.school.taught

    def settle(self, viewer: int) -> None:
        """Wait until a page has all there is, or is closed since there is nothing for it."""
        name, browser = VIEWERS[viewer][0], self.browsers[viewer]
        groups = self.school.groups_of(name)
        at = self.door.run(_position(groups))
        if groups:
            self.wait(lambda: browser.refused or (browser.is_live and browser.page.position == at), viewer, f"at {at}")
        else:
            self.wait(lambda: browser.refused, viewer, "turned away")
        assert browser.refused in (None, codes.NOTHING_TO_SEE)
        if browser.refused and groups:
            assert name == "grace", f"{name} was turned away"
            assert self.had_nothing, "grace was turned away, and taught something all the time"
            self.on(viewer, Browser.load)
            self.settle(viewer)

    def truth(self, name: str, wanted: Wanted) -> list[Entry]:
        """What a page load shows, as it comes over HTTP."""
        return list(json.loads(msgspec.json.encode(self.door.do(self.school.feed_of, name, wanted))))

    def wait(self, condition: Callable[[], Any], viewer: int, what: str) -> None:
        """Wait for a viewer, with a limit."""
        page = self.browsers[viewer].page
        try:
            self.door.run(until(condition, within=WITHIN))
        except AssertionError:
            raise AssertionError(
                f"{VIEWERS[viewer]} is not {what}, but at {page.position}: {page.frames[-12:]}"
            ) from None

    def on(self, viewer: int, act: Any, *given: Any) -> None:
        """Have a browser do something, on its process."""
        browser = self.browsers[viewer]
        browser.process.run(act(browser, *given))

    @property
    def dawdling(self) -> bool:
        """Whether one of the processes dawdles."""
        return any(process.dawdles for process in self.processes)

    @property
    def door(self) -> Process:
        """The process through which the school's own doors are used: one that does not dawdle."""
        return next(process for process in self.processes if not process.dawdles)

    def ticks(self, did: Watched) -> list[Tick]:
        """Ticks of lessons that are still there."""
        people, lessons = self.school.people, self.school.lessons
        return [Tick(people[name], lessons[at], to, to) for (name, at), to in did if at not in self.removed]

    def wanted(self, filters: str) -> Wanted:
        """These filters as a subscribe frame has them."""
        known: dict[str, Wanted] = {
            "all": {},
            "types": {"type": ["exam_attempt", "lesson_completed"]},
            "student": {"student": [self.school.people["ada"]]},
            "course": {"course": [self.school.courses[1]], "type": ["progress_update", "exam_attempt"]},
            "words": {"q": "new"},
        }
        return known[filters]

    def teardown(self) -> None:
        """At the end everything rests, unless something is wrong already."""
        with contextlib.ExitStack() as ending:
            ending.callback(self.redis.close)
            for process in self.processes:
                ending.callback(process.end)
            for browser in self.browsers:
                ending.callback(lambda browser: browser.process.run(browser.disconnect()), browser)
            ending.callback(self.dawdle_no_more)
            if sys.exc_info()[0] is None:
                self.rest()
                self.no_frame_was_wrong()


class DeliveryOverRestarts(Delivery):
    """The same, and Redis comes back from an older save, or drops its subscribers' connections."""

    restarts = 0

    @precondition(lambda self: self.restarts < 2)
    @rule(did=watched)
    def restart(self, did: Watched) -> None:
        """Redis is killed, and comes back as it was before the last batch."""
        self.restarts += 1
        self.redis.save()
        self.door.run(recorder.record(self.ticks(did)))
        self.door.run(recorder.idle())
        self.valkey.kill()
        self.valkey.start()
        self.valkey.wait_ready()

    @rule()
    def cut(self) -> None:
        """Every subscription's connection falls."""
        self.redis.client_kill_filter(_type="pubsub")


async def _position(groups: frozenset[str]) -> Marks:
    return {group: str(mark) for group, mark in (await histories().positions(sorted(groups))).items()}
