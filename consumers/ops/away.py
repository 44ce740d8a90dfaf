"""A source of facts that does not answer: what it says in words, and whether it refuses us rather than being away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

import msgspec
import psycopg
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from progress.failures import in_words

Found = TypeVar("Found")

PATIENCE_SECONDS: Final = 1.5
"""How long each source may take: the page is to say within five seconds what is wrong, also where one hangs."""

_REFUSALS: Final = ("NOPERM", "NOAUTH", "WRONGPASS", "invalid username-password", "Authentication required")


class Away(msgspec.Struct, frozen=True):
    """Why there is nothing to be said of a source. `full`: it has no connection left for us."""

    why: str
    refused: bool = False
    full: bool = False


async def unless_away(asking: Awaitable[Found]) -> Found | Away:
    """What is found, or why nothing is: within PATIENCE_SECONDS, and without harm to other sources."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await asking
    except TimeoutError:
        return Away(f"no answer within {PATIENCE_SECONDS:g} s")
    except RedisError as error:
        said = in_words(error)
        refused = isinstance(error, AuthenticationError | NoPermissionError) or any(each in said for each in _REFUSALS)
        return Away(said, refused=refused, full="max number of clients" in said)
    except psycopg.Error as error:
        said = in_words(error).strip().splitlines()[-1]
        full = "too many clients" in str(error) or "connection slots" in str(error)
        refused = "authentication failed" in str(error) or "permission denied" in str(error)
        return Away(said, refused=refused, full=full)
    except OSError as error:
        return Away(in_words(error))
