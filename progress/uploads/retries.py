"""When a job of this package is tried again: not because of a bad file, which is a finding and no failure."""

from __future__ import annotations

import asyncio

from django.db import Error as DatabaseError
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision

MOST_TRIES = 6


class AFewTimes(BaseRetryStrategy):
    """After 3, 9, 27, 81 and 243 seconds where disk or database failed; soon where the worker had to end."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to try again, None for never."""
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision(retry_in={"seconds": 1})
        if isinstance(exception, OSError | DatabaseError) and job.attempts + 1 < MOST_TRIES:
            return RetryDecision(retry_in={"seconds": 3 ** (job.attempts + 1)})
        return None
