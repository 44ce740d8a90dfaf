"""Receivers: what progress tells becomes entries. The only bridge from progress to the feed.

Entries are read from the frozen columns at the moment of telling, by the same code as a snapshot (feed.sources); so
a reference told twice, or late, publishes what is true now. A reference whose row is gone publishes a withdrawal.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from feed import groups, metrics, presence, sources
from feed.entries import (
    CERTIFICATION_ISSUED,
    EXAM_ATTEMPT,
    LESSON_COMPLETED,
    PROGRESS_UPDATE,
    entry_id,
)
from feed.layer import histories
from feed.publish import post_of, publish, withdrawal_of
from progress import database, signals
from progress.models import Certification, ExamAttempt, UserProgress
from progress.outbox import Reference
from progress.privacy.erasure import ERASED

_NAMING: dict[str, tuple[type[UserProgress | ExamAttempt | Certification], ...]] = {
    "user": (UserProgress, ExamAttempt, Certification),
    "course": (UserProgress, ExamAttempt, Certification),
    "lesson": (UserProgress,),
}
"""The records whose entries say the name of a person, a course or a lesson."""

_TRIES = 10
"""How often entries are read again because somebody was renamed meanwhile; then they wait for the sweeper."""


class NamesMoved(Exception):
    """Names change faster than entries with them can be read."""


Receiver = Callable[..., Coroutine[Any, Any, None]]


def _announcer(type: str) -> Receiver:
    async def announce(*, references: list[Reference], **_: Any) -> None:
        # Each row once, at the place of its newest reference: waiting updates of one row collapse into the newest.
        newest = {each.object_id: each for each in reversed(references)}
        for _try in range(_TRIES):
            if await _announce(type, newest):
                return
        raise NamesMoved("Names changed again and again while entries with them were read")

    return announce


async def _announce(type: str, newest: dict[int, Reference]) -> bool:
    life = histories().life
    entries = await sources.read(type, newest)
    posts = (
        post_of(entries[pk])
        if pk in entries
        else withdrawal_of(entry_id(type, pk), user_id=each.user_id or 0, course_id=each.course_id or 0)
        for pk, each in reversed(newest.items())
    )
    # A life begun since our last append was perhaps begun after we read: an old name must not stand in a new epoch, and
    # what was withdrawn must not come back where Redis forgot that it was.
    published = await publish(posts, life=life)
    if published:
        metrics.entries_published.labels(type).inc(len(entries))
    return published


announce_progress = _announcer(PROGRESS_UPDATE)
announce_completion = _announcer(LESSON_COMPLETED)
announce_attempt = _announcer(EXAM_ATTEMPT)
announce_certificate = _announcer(CERTIFICATION_ISSUED)


async def withdraw(*, references: list[Reference], **_: Any) -> None:
    """Take entries back; a reference's `subject` is the entry's type."""
    metrics.withdrawals_published.inc(len(references))
    await publish(
        withdrawal_of(entry_id(each.subject, each.object_id), user_id=each.user_id or 0, course_id=each.course_id or 0)
        for each in references
    )


async def rename(*, references: list[Reference], **_: Any) -> None:
    """Begin new epochs where an old name may stand: entries carry names, and a snapshot has the new ones, or none."""
    concerned = {groups.ALL}
    await presence.forget(each.object_id for each in references if each.subject == ERASED)
    for each in references:
        if each.subject == ERASED:
            # The records are gone: the reference itself says where the name stood.
            concerned.update(groups.of_entry(user_id=each.user_id or 0, course_id=each.course_id or 0))
            continue
        # `subject` is user, course or lesson: columns of the record that names them.
        for record in _NAMING[each.subject]:
            touched = record.objects.filter(**{f"{each.subject}_id": each.object_id})
            for user_id, course_id in await database.rows(touched.values_list("user_id", "course_id").distinct()):
                concerned |= {groups.of_student(user_id), groups.of_course(course_id)}
    await histories().begin_epochs(sorted(concerned), reason="renamed")


def connect() -> None:
    """Connect every receiver (FeedConfig.ready)."""
    signals.progress_announced.connect(announce_progress, dispatch_uid="feed.announce_progress")
    signals.lesson_completed.connect(announce_completion, dispatch_uid="feed.announce_completion")
    signals.exam_attempted.connect(announce_attempt, dispatch_uid="feed.announce_attempt")
    signals.certification_issued.connect(announce_certificate, dispatch_uid="feed.announce_certificate")
    signals.entries_withdrawn.connect(withdraw, dispatch_uid="feed.withdraw")
    signals.names_changed.connect(rename, dispatch_uid="feed.rename")
