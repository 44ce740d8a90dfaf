"""Audit records: who corrected what by hand, and why. Written in the transaction of the correction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from psycopg import AsyncConnection

from progress.models import Correction, User

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Author:
    """Whoever corrects, with the reason they give; the reason is not empty."""

    user_id: int
    name: str
    reason: str

    @classmethod
    def of(cls, person: User, reason: str) -> Author:
        """This person, for this reason."""
        return cls(person.pk, name_of(person), reason.strip()[:LONGEST_REASON])


def name_of(person: User) -> str:
    """How a person stands in an audit record, which outlives their account."""
    return f"{person.name} ({person.username})"[:310]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The school's word that a student has done a lesson, for the recorder: a record that it may write."""

    user_id: int
    lesson_id: int
    author: Author


async def write_confirmations(connection: AsyncConnection[Any], confirmed: Sequence[tuple[Confirmation, int]]) -> None:
    """Write what was confirmed, each with the number of its progress row, inside the caller's transaction."""
    for confirmation, pk in confirmed:
        await connection.execute(
            """
            INSERT INTO progress_correction
                (kind, at, by_id, by_name, user_id, course_id, subject, object_id, reason)
            SELECT %s, clock_timestamp(), %s, %s, p.user_id, p.course_id, l.title, p.id, %s
            FROM progress_userprogress p JOIN progress_lesson l ON l.id = p.lesson_id WHERE p.id = %s
            """,
            [
                Correction.Kind.LESSON_CONFIRMED.value,
                confirmation.author.user_id,
                confirmation.author.name,
                confirmation.author.reason,
                pk,
            ],
        )


def write_from_thread(
    author: Author, kind: Correction.Kind, *, user_id: int, course_id: int, subject: str, object_id: int
) -> None:
    """Write one in the transaction of Django's own connection."""
    Correction.objects.create(
        kind=kind,
        at=timezone.now(),
        by_id=author.user_id,
        by_name=author.name,
        user_id=user_id,
        course_id=course_id,
        subject=subject[:300],
        object_id=object_id,
        reason=author.reason,
    )
