"""UserProgress rows in SQL: inserted, locked, read and updated many at a time, without the ORM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Struct
from psycopg import AsyncConnection, AsyncCursor

from progress.advance import FIRST_BUDGET_SECONDS, Lesson, Row
from progress.arrays import array

Key = tuple[int, int]  # user id, lesson id


class Record(Struct, frozen=True):
    """A stored row with what the rules need beside it."""

    pk: int
    user_id: int
    lesson_id: int
    course_id: int
    lesson: Lesson
    row: Row


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a row."""

    pk: int
    before: Row
    after: Row


_RECORDS = msgspec.json.Decoder(list[Record])

Column = tuple[str, str, str]

# Field of Row, column, type: the one list from which every statement is made.
_COLUMNS: list[Column] = [
    ("status", "status", "text"),
    ("started_at", "started_at", "timestamptz"),
    ("completed_at", "completed_at", "timestamptz"),
    ("completed_percentage", "completed_percentage", "float8"),
    ("completed_claimed", "completed_claimed", "boolean"),
    ("percentage", "video_watch_percentage", "float8"),
    ("position", "last_watched_timestamp", "float8"),
    ("threshold", "video_completion_threshold", "float8"),
    ("last_accessed", "last_accessed", "timestamptz"),
    ("segments", "segments", "jsonb"),
    ("unpaid_segments", "unpaid_segments", "jsonb"),
    ("suspicious", "suspicious", "text"),
    ("claimed_percentage", "claimed_percentage", "float8"),
    ("budget_seconds", "budget_seconds", "float8"),
    ("budget_at", "budget_at", "timestamptz"),
    ("players", "players", "jsonb"),
    ("announced_at", "announced_at", "timestamptz"),
    ("announced_percentage", "announced_percentage", "float8"),
    ("announced_claimed", "announced_claimed", "boolean"),
    ("announced_status", "announced_status", "text"),
]

# What an ordinary tick moves; a row of which nothing else moved is written by a statement half as long.
_MOVING = {"percentage", "position", "last_accessed", "segments", "budget_seconds", "budget_at", "players"}

# Rows come as one JSON text, which msgspec turns into objects in C: value by value, as columns, that took half of all
# the time that a tick takes.
_SELECT = f"""
    SELECT p.id AS pk, p.user_id, p.lesson_id, p.course_id,
           json_build_object('duration', l.duration, 'threshold', l.completion_threshold) AS lesson,
           json_build_object({", ".join(f"'{name}', p.{column}" for name, column, _ in _COLUMNS)}) AS row
    FROM progress_userprogress p
    JOIN progress_lesson l ON l.id = p.lesson_id
    JOIN unnest(%s::bigint[], %s::bigint[]) AS k(user_id, lesson_id)
      ON k.user_id = p.user_id AND k.lesson_id = p.lesson_id
    ORDER BY p.user_id, p.lesson_id
"""  # noqa: S608 - our own column names # nosec B608
_AS_JSON = "SELECT coalesce(json_agg(found), '[]')::text FROM found"
_READ = f"WITH found AS ({_SELECT}) {_AS_JSON}"
_LOCK = f"WITH found AS ({_SELECT} FOR UPDATE OF p) {_AS_JSON}"


def _update(columns: list[Column]) -> str:
    # Updated in place (HOT) as long as no indexed column moves; so `announced_*` and `completed_*` are written with the
    # value they had, which PostgreSQL compares and finds the same.
    arrays = ", ".join(f"%s::{'text' if kind == 'jsonb' else kind}[]" for _, _, kind in columns)
    sets = ", ".join(f"{column} = new.{name}{'::jsonb' if kind == 'jsonb' else ''}" for name, column, kind in columns)
    completed_at = (
        "new.completed_at" if ("completed_at", "completed_at", "timestamptz") in columns else "p.completed_at"
    )
    return f"""
        UPDATE progress_userprogress AS p
        SET completed = ({completed_at} IS NOT NULL),
            progress_percentage = CASE WHEN {completed_at} IS NULL THEN new.percentage ELSE 100 END,
            {sets}
        FROM unnest(%s::bigint[], {arrays}) AS new(id, {", ".join(name for name, _, _ in columns)})
        WHERE p.id = new.id
    """  # noqa: S608 - our own column names # nosec B608


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


_MOVING_COLUMNS = [column for column in _COLUMNS if column[0] in _MOVING]
_UPDATE_MOVING, _UPDATE = _update(_MOVING_COLUMNS), _update(_COLUMNS)
_resting = attrgetter(*(name for name, _, _ in _COLUMNS if name not in _MOVING))


async def insert_missing(connection: AsyncConnection[Any], keys: Sequence[Key]) -> None:
    """Begin the rows that are not there yet, in key order.

    Lessons and people that are gone are passed over, and lessons whose length is not known.
    """
    await connection.execute(_INSERT, [FIRST_BUDGET_SECONDS, *_unzipped(keys)])


async def read(connection: AsyncConnection[Any], keys: Sequence[Key]) -> dict[Key, Record]:
    """Return the rows that exist, by (user, lesson)."""
    return await Found(await connection.execute(_READ, _unzipped(keys))).records()


async def lock(connection: AsyncConnection[Any], keys: Sequence[Key]) -> Found:
    """Lock the rows that exist, in key order, until the transaction ends."""
    return Found(await connection.execute(_LOCK, _unzipped(keys)))


class Found:
    """Rows that were asked for. In pipeline mode the answer is waited for when it is wanted, and not before."""

    def __init__(self, cursor: AsyncCursor[Any]) -> None:
        self._cursor = cursor
        self._records: dict[Key, Record] | None = None

    async def records(self) -> dict[Key, Record]:
        """The rows that exist, by (user, lesson)."""
        if self._records is None:
            [(text,)] = await self._cursor.fetchall()
            self._records = {(record.user_id, record.lesson_id): record for record in _RECORDS.decode(text)}
        return self._records


async def update(connection: AsyncConnection[Any], changes: Sequence[Change]) -> None:
    """Write the new state of rows."""
    moved = [each for each in changes if _resting(each.before) == _resting(each.after)]
    others = [each for each in changes if _resting(each.before) != _resting(each.after)]
    for these, statement, columns in ((moved, _UPDATE_MOVING, _MOVING_COLUMNS), (others, _UPDATE, _COLUMNS)):
        if these:
            values = [[_stored(getattr(each.after, name), kind) for each in these] for name, _, kind in columns]
            await connection.execute(statement, [array([each.pk for each in these]), *map(array, values)])


def _stored(value: Any, kind: str) -> Any:
    return msgspec.json.encode(value).decode() if kind == "jsonb" else value


def _unzipped(keys: Sequence[Key]) -> list[str]:
    return [array([user_id for user_id, _ in keys]), array([lesson_id for _, lesson_id in keys])]
