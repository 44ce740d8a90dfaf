"""Reasons for attention, dismissed: by one instructor, for all instructors of the course, undone within a minute.

What wants attention is found by feed.attention, from what students did; here stands only what instructors answered. A
change is told after the commit, so that it is gone from every open page at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from progress import outbox
from progress.audit import name_of
from progress.deadlocks import in_one_transaction
from progress.models import AttentionDismissal, Course, Enrollment, Lesson, Outbox, User
from progress.outbox import Reference
from progress.prepared import Prepared, Value
from progress.refusals import NotFound, Refused

Kind = AttentionDismissal.Kind

UNDO = timedelta(minutes=1)
"""How long whoever dismissed something may take it back: as long as the page offers it."""

SNOOZES = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}

KEPT_DAYS = 90
"""Longer than any reason but one lasts (feed.attention.rules); who is still behind a course after it is told anew."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One reason for attention: about whom, where, of which kind, and how far it has come."""

    kind: Kind
    user_id: int
    course_id: int
    lesson_id: int | None
    episode: int


@in_one_transaction
def dismiss(by: User, subject: Subject, *, until: datetime | None = None) -> None:
    """Dismiss it, for good or until then; raise NotFound where `by` does not teach this student this course."""
    _keep_there(by, subject)
    AttentionDismissal.objects.bulk_create(
        [
            AttentionDismissal(
                kind=subject.kind,
                course_id=subject.course_id,
                user_id=subject.user_id,
                lesson_id=subject.lesson_id,
                episode=subject.episode,
                at=timezone.now(),
                until=until,
                by=by,
                by_name=name_of(by),
            )
        ],
        update_conflicts=True,
        unique_fields=["course", "user", "kind", "lesson", "episode"],
        update_fields=["at", "until", "by", "by_name"],
    )
    _tell(subject)


def snooze(by: User, subject: Subject, *, length: str) -> None:
    """Dismiss it for one of SNOOZES."""
    dismiss(by, subject, until=timezone.now() + SNOOZES[length])


@in_one_transaction
def undo(by: User, subject: Subject) -> None:
    """Take back what this person dismissed within the last minute."""
    _keep_there(by, subject)
    theirs = AttentionDismissal.objects.filter(
        kind=subject.kind,
        course=subject.course_id,
        user=subject.user_id,
        lesson=subject.lesson_id,
        episode=subject.episode,
        by=by,
    )
    found = theirs.select_for_update(of=("self",)).first()
    if found is None:
        raise NotFound("answer")
    if timezone.now() - found.at > UNDO:
        raise Refused(409, "too_late", _("This was dismissed more than a minute ago."))
    found.delete()
    _tell(subject)


def _keep_there(by: User, subject: Subject) -> None:
    # Locked, so that neither the student nor the course goes before the row that names them is committed.
    enrolled = Enrollment.objects.filter(
        user=subject.user_id,
        course=subject.course_id,
        course__in=Course.objects.taught_by(by),
        active=True,
    ).exclude(user=by)
    locked = enrolled.select_related("user", "course").select_for_update(of=("user", "course"), no_key=True)
    if locked.first() is None:
        raise NotFound("reason")
    if subject.lesson_id is not None:
        lessons = Lesson.objects.filter(pk=subject.lesson_id, course=subject.course_id)
        if lessons.select_for_update(no_key=True).first() is None:
            raise NotFound("reason")


def _tell(subject: Subject) -> None:
    outbox.write_and_tell(
        [Reference(str(Outbox.Kind.ATTENTION_CHANGED), subject.course_id, course_id=subject.course_id)]
    )


def subject_of(dismissal: AttentionDismissal) -> Subject:
    """What was dismissed."""
    return Subject(Kind(dismissal.kind), dismissal.user_id, dismissal.course_id, dismissal.lesson_id, dismissal.episode)


def undoable(by: User) -> list[AttentionDismissal]:
    """What this person dismissed within the last minute, the newest first."""
    found = [pk for (pk,) in _lately().rows(by=by.pk, after=timezone.now() - UNDO)]
    if not found:  # as on nearly every page
        return []
    theirs = AttentionDismissal.objects.filter(pk__in=found, by=by).select_related("user")
    return list(theirs.order_by("-at", "-pk"))


@cache
def _lately() -> Prepared:
    theirs = AttentionDismissal.objects.filter(by_id=Value("by", "bigint"), at__gt=Value("after", "timestamptz"))
    return Prepared(theirs.order_by("-at", "-pk").values_list("pk")[:10])
