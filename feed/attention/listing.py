"""The list of who needs somebody: findings of every kind, the most urgent first, as whole sentences with names."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from feed import presence
from feed.attention import departed, dismissals, failing, middle, replaying, seated
from feed.attention.findings import Finding, most_urgent_first
from feed.attention.naming import Place, names_in
from feed.attention.scope import MOST, Scope
from feed.attention.sentences import reason
from feed.presence import Seat
from progress.attention import Kind, Subject
from progress.models import User
from progress.refusals import NotFound

_ID = re.compile(rf"({'|'.join(Kind.values)})\.(\d{{1,18}})\.(\d{{1,18}})\.(\d{{1,18}})\.(\d{{1,18}})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of the list."""

    id: str
    kind: str
    sentence: str
    student: dict[str, Any]
    course: dict[str, Any]
    lesson: dict[str, Any] | None
    since: datetime
    url: str
    lesson_url: str | None


def for_viewer(viewer: User) -> list[Reason]:
    """Who needs somebody in the courses that `viewer` teaches; an administrator sees all. MOST at most."""
    return _all(Scope.of(viewer, now=timezone.now()))


def first(viewer: User, count: int, seats: list[Seat] | None) -> tuple[list[Reason], int]:
    """The first of them, in words, and how many there are: words take longer than finding does.

    `seats` are those that the viewer sees (`feed.presence.scope`).
    """
    scope = Scope.of(viewer, now=timezone.now())
    found = _found(scope, seats)
    return _named(found[:count], now=scope.now), len(found)


def for_student(viewer: User, student: User) -> list[Reason]:
    """The same of one student: in courses that `viewer` teaches."""
    return _all(Scope.of(viewer, now=timezone.now(), student=student))


def id_of(subject: Subject) -> str:
    """The stable name of a reason, as addresses and pages have it."""
    return f"{subject.kind}.{subject.user_id}.{subject.course_id}.{subject.lesson_id or 0}.{subject.episode}"


def parse_id(text: str) -> Subject:
    """What an id names; raises NotFound for what is none."""
    found = _ID.fullmatch(text)
    if found is None:
        raise NotFound("reason")
    kind, user_id, course_id, lesson_id, episode = found.groups()
    return Subject(Kind(kind), int(user_id), int(course_id), int(lesson_id) or None, int(episode))


def _all(scope: Scope) -> list[Reason]:
    seats = presence.seats_from_thread(scope.courses) if scope.courses else []
    return _named(_found(scope, seats), now=scope.now)


def _found(scope: Scope, seats: list[Seat] | None) -> list[Finding]:
    if not scope.courses:
        return []
    found = [*replaying.find(scope), *seated.find(scope, seats), *departed.find(scope), *middle.find(scope)]
    found = [*dismissals.standing(found, now=scope.now), *failing.find(scope)]
    listed = sorted(found, key=most_urgent_first)[:MOST]
    back = departed.who_came_back([each for each in listed if each.kind == Kind.GONE])
    return [each for each in listed if each.kind != Kind.GONE or (each.user_id, each.course_id) not in back]


def _named(found: Collection[Finding], *, now: datetime) -> list[Reason]:
    people, courses, lessons = names_in(found)
    return [
        _reason(each, people[each.user_id], courses[each.course_id], lessons.get(each.lesson_id or 0), now=now)
        for each in found
        # Whatever was remembered may be gone meanwhile.
        if each.user_id in people and each.course_id in courses and (not each.lesson_id or each.lesson_id in lessons)
    ]


def _reason(found: Finding, student: str, course: Place, lesson: Place | None, *, now: datetime) -> Reason:
    return Reason(
        id=id_of(found.subject),
        kind=str(found.kind),
        sentence=reason(found, now=now),
        student={"id": found.user_id, "name": student},
        course=course._asdict(),
        lesson=lesson._asdict() if lesson else None,
        since=found.since,
        url=reverse("student", args=[found.user_id]),
        lesson_url=reverse("lesson", args=[course.slug, lesson.slug]) if lesson else None,
    )
