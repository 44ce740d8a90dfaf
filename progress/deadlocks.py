"""Deadlocks: a transaction that PostgreSQL ended, since two waited for each other, is run again.

The lock order (docs/architecture.md) leaves one cycle: a removal holds the person or the course and wants their rows;
whoever holds a row and adds a record to it wants a share of the person, for the foreign key. To take that share first,
at every tick, would cost each student a write for something that happens a few times a year.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.db import OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected

log = logging.getLogger(__name__)

TRIES = 5

Function = TypeVar("Function", bound=Callable[..., Any])


def in_one_transaction(function: Function) -> Function:
    """Run the function in a transaction, and again where that was ended by a deadlock.

    Inside somebody else's transaction it cannot be run again alone: then the error goes to whoever began that.
    """

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        whole = not connection.in_atomic_block
        for tries_left in reversed(range(TRIES)):
            try:
                with transaction.atomic():
                    return function(*args, **kwargs)
            except OperationalError as error:
                if not (whole and tries_left and isinstance(error.__cause__, DeadlockDetected)):
                    raise
                log.info("Run again after a deadlock", extra={"function": function.__qualname__})
        raise AssertionError("unreachable")

    return cast(Function, run)
