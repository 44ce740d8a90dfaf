"""A simulated student: carries out a plan, step by step, with a browser and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from project.simulation.browser import Browser
from project.simulation.course import Course, Ids
from project.simulation.plan import Mark, Pause, Plan, Step, TakeExam, TakeQuiz, Watch
from project.simulation.player import Player
from project.simulation.tally import Tally
from project.simulation.wire import Wire

RIGHT = " (correct)"
"""How the text of a right choice ends in the demo's quizzes and exams; of others a student knows nothing."""


@dataclass(frozen=True, slots=True)
class Student:
    """Somebody signed in, in a course, with a plan; `speed` makes playing and pauses shorter."""

    browser: Browser
    course: Course
    ids: Ids
    plan: Plan
    speed: float
    tally: Tally

    async def study(self) -> None:
        """Do all that is planned. Raises TurnedAway."""
        for step in self.plan.steps:
            await self._do(step)

    async def _do(self, step: Step) -> None:
        match step:
            case Pause(seconds):
                await asyncio.sleep(seconds / self.speed)
            case Watch():
                await self._watch(step)
            case TakeQuiz(lesson, right):
                address = f"/api/lessons/{self.ids.lessons[lesson]}/quiz/"
                await self._open(lesson, "quiz/")
                questions = (await self.browser.get(address))["questions"]
                await self.browser.post(address, {"answers": answers(questions, right=right)})
            case Mark(lesson):
                await self._open(lesson)
                await self.browser.post(f"/api/lessons/{self.ids.lessons[lesson]}/complete/", {})
            case TakeExam(right):
                await self._take_exam(right=right)

    async def _watch(self, step: Watch) -> None:
        await self._open(step.lesson)
        async with Wire(self.browser, self.ids.lessons[step.lesson], self.tally) as wire:
            player = Player(wire, duration=self.course.lessons[step.lesson].duration, speed=self.speed)
            await player.play(step.stretches, offline=step.offline)

    async def _take_exam(self, *, right: bool) -> None:
        await self.browser.open(f"/courses/{self.course.slug}/exam/")
        questions = (await self.browser.get(f"/api/exams/{self.ids.exam}/"))["questions"]
        attempt = (await self.browser.post(f"/api/exams/{self.ids.exam}/attempts/", {}))["attempt"]
        await self.browser.post(f"/api/attempts/{attempt}/", {"answers": answers(questions, right=right)})

    async def _open(self, lesson: int, page: str = "") -> None:
        await self.browser.open(f"/courses/{self.course.slug}/{self.course.lessons[lesson].slug}/{page}")


def answers(questions: Sequence[dict[str, Any]], *, right: bool) -> dict[str, int]:
    """Return the answers to a paper: all right or all wrong, where the choices tell which is which."""
    chosen = {}
    for question in questions:
        fit = [choice for choice in question["choices"] if choice["text"].endswith(RIGHT) is right]
        for choice in (fit or question["choices"])[:1]:
            chosen[str(question["id"])] = choice["id"]
    return chosen
