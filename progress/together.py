"""Together: what many ask at about the same moment, of the database or of Redis, is asked once for all of them.

What gathers while one round is under way is the next round, so there is no timer: a question that comes alone is
asked at once, and a class that comes back at once is a few rounds.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import psycopg

Question = TypeVar("Question", bound=Hashable)
Answer = TypeVar("Answer")

MOST_IN_A_ROUND = 500
"""Questions that one round asks: a statement of a size that the database answers in a few ms."""


@dataclass(slots=True)
class _Round:
    waiting: dict[Any, asyncio.Future[Any]] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None


class Together(Generic[Question, Answer]):
    """Asks `answer_all` for many at a time; each event loop has rounds of its own.

    An answer is of a round that began after its question was asked, so it is never older than the question. `away` are
    the errors that say nothing of a question, but that nothing can be answered.
    """

    def __init__(
        self,
        answer_all: Callable[[Sequence[Question]], Awaitable[Mapping[Question, Answer]]],
        *,
        most: int = MOST_IN_A_ROUND,
        away: tuple[type[Exception], ...] = (psycopg.OperationalError,),
    ) -> None:
        self._answer_all = answer_all
        self._away = away
        self._most = most
        self._rounds: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Round] = weakref.WeakKeyDictionary()

    async def ask(self, question: Question) -> Answer | None:
        """Return the answer, None where there is none; raise what answering raises."""
        loop = asyncio.get_running_loop()
        round = self._rounds.setdefault(loop, _Round())
        answer = round.waiting.get(question)
        if answer is None:
            answer = round.waiting[question] = loop.create_future()
        if round.task is None:
            round.task = loop.create_task(self._work(round))
        # Whoever stops waiting takes nothing from those who wait for the same.
        found: Answer | None = await asyncio.shield(answer)
        return found

    async def _work(self, round: _Round) -> None:
        try:
            while round.waiting:
                asked = dict(list(round.waiting.items())[: self._most])
                for question in asked:
                    del round.waiting[question]
                await self._answer(asked)
        finally:
            round.task = None

    async def _answer(self, asked: dict[Question, asyncio.Future[Answer | None]]) -> None:
        try:
            answers = await self._answer_all(list(asked))
        except Exception as error:
            if len(asked) > 1 and not isinstance(error, self._away):
                # Something is wrong with one of them: alone, each gets the answer that is its own.
                for question, future in asked.items():
                    await self._answer({question: future})
                return
            for future in asked.values():
                future.set_exception(error)
                future.exception()  # seen, also where nobody waits any more
            return
        for question, future in asked.items():
            future.set_result(answers.get(question))
