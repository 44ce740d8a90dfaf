"""UserProgress rows in SQL: inserted, locked, read and updated many at a time, without the ORM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from psycopg import AsyncConnection

from progress.advance import FIRST_BUDGET_SECONDS, Lesson, Row

Key = tuple[int, int]  # user id, lesson id


@dataclass(frozen=True, slots=True)
class Record:
    """A stored row with what the rules need beside it."""

    pk: int
    course_id: int
    lesson: Lesson
    row: Row


# Field of Row, column, type: the one list from which every statement is made.
_COLUMNS: list[tuple[str, str, str]] = [
    ("status", "status", "text"),
    ("started_at", "started_at", "timestamptz"),
    ("completed_at", "completed_at", "timestamptz"),
    ("completed_percentage", "completed_percentage", "double precision"),
    ("completed_claimed", "completed_claimed", "boolean"),
    ("percentage", "video_watch_percentage", "double precision"),
    ("position", "last_watched_timestamp", "double precision"),
    ("threshold", "video_completion_threshold", "double precision"),
    ("last_accessed", "last_accessed", "timestamptz"),
    ("segments", "segments", "jsonb"),
    ("unpaid_segments", "unpaid_segments", "jsonb"),
    ("suspicious", "suspicious", "text"),
    ("claimed_percentage", "claimed_percentage", "double precision"),
    ("budget_seconds", "budget_seconds", "double precision"),
    ("budget_at", "budget_at", "timestamptz"),
    ("players", "players", "jsonb"),
    ("announced_at", "announced_at", "timestamptz"),
    ("announced_percentage", "announced_percentage", "double precision"),
    ("announced_claimed", "announced_claimed", "boolean"),
    ("announced_status", "announced_status", "text"),
]
_JSON = {name for name, _, kind in _COLUMNS if kind == "jsonb"}

_SELECT = f"""
    SELECT p.id, p.user_id, p.lesson_id, p.course_id, l.duration, l.completion_threshold,
           {", ".join(f"p.{column}" for _, column, _ in _COLUMNS)}
    FROM progress_userprogress p
    JOIN progress_lesson l ON l.id = p.lesson_id
    JOIN unnest(%s::bigint[], %s::bigint[]) AS k(user_id, lesson_id)
      ON k.user_id = p.user_id AND k.lesson_id = p.lesson_id
    ORDER BY p.user_id, p.lesson_id
"""  # noqa: S608 - our own column names

# Updated in place (HOT) as long as no indexed column moves; so `announced_*` and `completed_*` are written with the
# value they had, which PostgreSQL compares and finds the same.
_UPDATE = f"""
    UPDATE progress_userprogress AS p
    SET completed = (new.completed_at IS NOT NULL),
        progress_percentage = CASE WHEN new.completed_at IS NULL THEN new.video_watch_percentage ELSE 100 END,
        {", ".join(f"{column} = new.{column}{'::jsonb' if kind == 'jsonb' else ''}" for _, column, kind in _COLUMNS)}
    FROM unnest(%s::bigint[], {", ".join(f"%s::{'text' if kind == 'jsonb' else kind}[]" for _, _, kind in _COLUMNS)})
         AS new(id, {", ".join(column for _, column, _ in _COLUMNS)})
    WHERE p.id = new.id
"""  # noqa: S608 - our own column names

# KEY SHARE waits for a removal of the person or the lesson that is under way, and then finds nothing to begin: else a
# row could be told after the removal had listed what to take back.
_INSERT = """
    INSERT INTO progress_userprogress (
        user_id, lesson_id, course_id, status, completed, video_watch_percentage, last_watched_timestamp,
        video_completion_threshold, progress_percentage, segments, unpaid_segments, suspicious, claimed_percentage,
        budget_seconds, budget_at, players)
    SELECT u.id, l.id, l.course_id, 'not_started', false, 0, 0, l.completion_threshold, 0, '[]', '[]', '', 0,
           %s, clock_timestamp(), '[]'
    FROM unnest(%s::bigint[], %s::bigint[]) AS k(user_id, lesson_id)
    JOIN progress_lesson l ON l.id = k.lesson_id AND l.duration > 0
    JOIN progress_user u ON u.id = k.user_id
    WHERE NOT EXISTS (SELECT FROM progress_userprogress p WHERE p.user_id = u.id AND p.lesson_id = l.id)
    ORDER BY u.id, l.id
    FOR KEY SHARE OF u, l
    ON CONFLICT (user_id, lesson_id) DO NOTHING
"""


async def insert_missing(connection: AsyncConnection[Any], keys: Sequence[Key]) -> None:
    """Begin the rows that are not there yet, in key order.

    Lessons and people that are gone are passed over, and lessons whose length is not known.
    """
    await connection.execute(_INSERT, [FIRST_BUDGET_SECONDS, *_unzipped(keys)])


async def read(connection: AsyncConnection[Any], keys: Sequence[Key]) -> dict[Key, Record]:
    """Return the rows that exist, by (user, lesson)."""
    return await _records(connection, _SELECT, keys)


async def lock(connection: AsyncConnection[Any], keys: Sequence[Key]) -> dict[Key, Record]:
    """Return the rows that exist, locked in key order until the transaction ends."""
    return await _records(connection, _SELECT + " FOR UPDATE OF p", keys)


async def update(connection: AsyncConnection[Any], changed: dict[int, Row]) -> None:
    """Write the new state of rows, by primary key, in one statement."""
    if not changed:
        return
    columns = [[_stored(name, getattr(row, name)) for row in changed.values()] for name, _, _ in _COLUMNS]
    await connection.execute(_UPDATE, [list(changed), *columns])


def _unzipped(keys: Sequence[Key]) -> list[list[int]]:
    return [[user_id for user_id, _ in keys], [lesson_id for _, lesson_id in keys]]


def _stored(name: str, value: Any) -> Any:
    return msgspec.json.encode(value).decode() if name in _JSON else value


async def _records(connection: AsyncConnection[Any], statement: str, keys: Sequence[Key]) -> dict[Key, Record]:
    cursor = await connection.execute(statement, _unzipped(keys))
    records = {}
    for pk, user_id, lesson_id, course_id, duration, threshold, *values in await cursor.fetchall():
        fields = dict(zip((name for name, _, _ in _COLUMNS), values, strict=True))
        for name in _JSON:
            fields[name] = [tuple(pair) for pair in fields[name]]
        records[user_id, lesson_id] = Record(pk, course_id, Lesson(duration, threshold), Row(**fields))
    return records
