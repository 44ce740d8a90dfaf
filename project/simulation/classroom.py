"""A class at work: all its students at once, until they are done or somebody says stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from progress.ending import end
from project.simulation.address import Address
from project.simulation.browser import Browser, TurnedAway
from project.simulation.course import parse_courses
from project.simulation.plan import plan
from project.simulation.student import Student
from project.simulation.tally import Tally


class Classroom:
    """Students of one course on one site; `say` is told what somebody might want to know."""

    def __init__(self, address: Address, *, course: str, seed: int, speed: float, say: Callable[[str], object]) -> None:
        self.address = address
        self.course = course
        self.seed = seed
        self.speed = speed
        self.tally = Tally()
        self._say = say

    async def attend(self, class_: Mapping[int, dict[str, str]]) -> None:
        """Let these students, cookies by number, study until each has done what it had planned."""
        async with asyncio.TaskGroup() as group:
            for number, cookies in class_.items():
                group.create_task(self._study(number, cookies))

    async def _study(self, number: int, cookies: dict[str, str]) -> None:
        browser = Browser(self.address, cookies)
        try:
            found = parse_courses(await browser.get("/api/courses/"), self.course)
            if found is None:
                raise TurnedAway(f"the course {self.course!r} is not among the courses")
            course, ids = found
            student = Student(browser, course, ids, plan(self.seed, number, course), self.speed, self.tally)
            await student.study()
        except TurnedAway as error:
            self.tally.turned_away += 1
            self._say(f"student {number} was turned away: {error}")
        else:
            self.tally.finished += 1


async def until_stopped(stop: asyncio.Event, attending: asyncio.Task[None], *, within: float | None) -> bool:
    """Wait until the class is done, or else send it home, sockets closed, at `stop` or after `within` seconds.

    Return whether it was done.
    """
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([attending, stopped], timeout=within, return_when=asyncio.FIRST_COMPLETED)
        if attending.done():
            attending.result()
            return True
        await end(attending)
        return False
    finally:
        stopped.cancel()
