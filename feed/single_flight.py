"""Single flight: the same question asked by several threads at the same moment is answered once, for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

Answer = TypeVar("Answer")


@dataclass(slots=True)
class _Flight:
    answer: Future[Any] = field(default_factory=Future)
    riders: int = 0


_under_way: dict[Hashable, _Flight] = {}
_lock = threading.Lock()


def once(question: Hashable, answer: Callable[[], Answer]) -> Answer:
    """Return what `answer` returns, or raise what it raises: our own call's, or that of a call under way.

    Nothing is kept: whoever asks once it is answered asks anew.
    """
    with _lock:
        flight = _under_way.get(question)
        if joined := flight is not None:
            flight.riders += 1
        else:
            flight = _under_way[question] = _Flight()
    if not joined:
        try:
            flight.answer.set_result(answer())
        except BaseException as error:
            flight.answer.set_exception(error)
        finally:
            with _lock:
                del _under_way[question]
    answered: Answer = flight.answer.result()
    return answered


def waiting() -> int:
    """How many wait now for somebody else's answer."""
    with _lock:
        return sum(flight.riders for flight in _under_way.values())
