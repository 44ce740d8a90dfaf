"""Questions asked together: one round for all that gathered, fresh answers, and nobody pays for another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import psycopg
import pytest

from progress.together import Together


class Library:
    """Answers with the square; keeps what each round asked, and waits with the answer until it is let go."""

    def __init__(self, *, most: int = 500) -> None:
        self.rounds: list[list[int]] = []
        self.open = asyncio.Event()
        self.error: dict[int, Exception] = {}
        self.desk = Together(self.answer, most=most)

    async def answer(self, questions: Sequence[int]) -> dict[int, int]:
        """Square what is positive."""
        self.rounds.append(list(questions))
        await self.open.wait()
        for question in questions:
            if question in self.error:
                raise self.error[question]
        return {question: question**2 for question in questions if question > 0}

    async def asked(self, count: int) -> None:
        """Wait for a number of rounds to be begun."""
        async with asyncio.timeout(5):
            while len(self.rounds) < count:
                await asyncio.sleep(0)


async def test_what_gathers_while_one_round_is_under_way_is_the_next() -> None:
    library = Library()
    first = asyncio.create_task(library.desk.ask(1))
    await library.asked(1)
    others = [asyncio.create_task(library.desk.ask(n)) for n in (2, 3, 2, -1, 1)]
    await asyncio.sleep(0)
    library.open.set()
    assert await first == 1
    assert await asyncio.gather(*others) == [4, 9, 4, None, 1]
    # 1 again: an answer is never older than its question.
    assert library.rounds == [[1], [2, 3, -1, 1]]


async def test_a_round_has_a_bound() -> None:
    library = Library(most=2)
    library.open.set()
    assert await asyncio.gather(*map(library.desk.ask, range(1, 6))) == [1, 4, 9, 16, 25]
    assert library.rounds == [[1, 2], [3, 4], [5]]


async def test_one_that_cannot_be_answered_costs_the_others_nothing() -> None:
    library = Library()
    library.open.set()
    library.error[2] = ValueError("two")
    answers = await asyncio.gather(*map(library.desk.ask, (1, 2, 3)), return_exceptions=True)
    assert [str(answer) for answer in answers] == ["1", "two", "9"]
    assert library.rounds == [[1, 2, 3], [1], [2], [3]]


async def test_where_the_database_is_away_nobody_is_asked_one_by_one() -> None:
    library = Library()
    library.open.set()
    library.error[2] = psycopg.OperationalError("away")
    answers = await asyncio.gather(*map(library.desk.ask, (1, 2, 3)), return_exceptions=True)
    assert [str(answer) for answer in answers] == ["away", "away", "away"]
    assert library.rounds == [[1, 2, 3]]
    assert await library.desk.ask(1) == 1


async def test_who_stops_waiting_takes_nothing_from_those_who_wait_for_the_same() -> None:
    library = Library()
    impatient, patient = (asyncio.create_task(library.desk.ask(7)) for _ in range(2))
    await library.asked(1)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    library.open.set()
    assert await patient == 49
