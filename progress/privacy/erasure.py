"""Erasure: what is left of a person once the records are gone, and how each trace of it goes.

In the transaction that removes them: failed attempts to sign in, and the names of their rows in the admin site's log.
After it, within a minute: the text of their entries in Redis (the groups concerned begin new epochs, since a hole in a
history would look like a loss), the outbox's references, and their sessions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from typing import Any

from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.contrib.auth import SESSION_KEY
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models import Model, Q, TextField
from django.db.models.functions import Cast
from procrastinate import RetryStrategy

from progress import database, jobs
from progress.models import Certification, ExamAttempt, Outbox, User, UserProgress
from progress.outbox import Reference

ERASED = "erased"
"""The subject of a reference that says: whatever stands in this student's and this course's histories must go."""

PATIENCE_SECONDS = 45.0
LOOK_SECONDS = 1.0
SESSIONS_AT_ONCE = 500


def references(people: Collection[int]) -> list[Reference]:
    """What the feed must be told so that these people's names leave its histories; before their records are gone."""
    told: set[tuple[int, int]] = set()
    for record in (UserProgress, ExamAttempt, Certification):
        told |= set(record._default_manager.filter(user__in=people).values_list("user_id", "course_id").distinct())
    return [
        Reference(str(Outbox.Kind.NAMES_CHANGED), user_id, user_id, course_id, ERASED)
        for user_id, course_id in sorted(told)
    ]


def forget_names(people: Collection[int]) -> None:
    """Remove what holds these people's names besides their records, in the caller's transaction."""
    names = User.objects.filter(pk__in=people).values("username")
    AccessAttempt.objects.filter(username__in=names).delete()
    for model, column in _named_after_people():
        rows = model._default_manager.filter(**{f"{column}__in": people})
        LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(model),
            object_id__in=rows.annotate(text_id=Cast("pk", TextField())).values("text_id"),
        ).update(object_repr="", change_message="")
    jobs.defer_from_thread(forget_traces, {"people": sorted(people)})


def _named_after_people() -> Iterable[tuple[type[Model], str]]:
    """The tables whose rows say a person's name when they are listed, each with its column of people."""
    theirs = (
        (relation.related_model, relation.field.name)
        for relation in User._meta.related_objects
        if relation.field.name == "user" and relation.related_model._meta.app_label == "progress"
    )
    return chain([(User, "pk")], theirs)


class StillToBeTold(Exception):
    """References of erased people wait in the outbox, because Redis is away: the job comes again."""


@jobs.task(name="forget_traces", retry=RetryStrategy(wait=10))
async def forget_traces(*, people: list[int]) -> None:
    """Remove sessions and references of people who are gone, once all that was to be told of them is told."""
    await _end_sessions(people)
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE_SECONDS
    while waiting := await _forget_references(people):
        if loop.time() > until:
            raise StillToBeTold(f"{waiting} references")
        await asyncio.sleep(LOOK_SECONDS)


async def _forget_references(people: Sequence[int]) -> int:
    """Remove references that were told; return how many were not."""
    async with database.connection() as connection:
        await connection.execute(
            "DELETE FROM progress_outbox WHERE user_id = ANY(%s) AND live_done_at IS NOT NULL", [people]
        )
        cursor = await connection.execute("SELECT count(*) FROM progress_outbox WHERE user_id = ANY(%s)", [people])
        [count] = await cursor.fetchone() or [0]
        return int(count)


async def _end_sessions(people: Sequence[int]) -> None:
    gone, store, last = {str(pk) for pk in people}, SessionStore(), ""
    ordered = Session.objects.order_by("session_key").values_list("session_key", "session_data")
    while found := await database.rows(ordered.filter(Q(session_key__gt=last))[:SESSIONS_AT_ONCE]):
        last = found[-1][0]
        theirs = [key for key, data in found if _whose(store, data) in gone]
        if theirs:
            async with database.connection() as connection:
                await connection.execute("DELETE FROM django_session WHERE session_key = ANY(%s)", [theirs])


def _whose(store: SessionStore, data: str) -> Any:
    return store.decode(data).get(SESSION_KEY)
