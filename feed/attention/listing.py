"""The list of who needs somebody: findings of every kind, the most urgent first, as whole sentences with names."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from feed.attention import departed, dismissals, failing, middle, replaying, seated
from feed.attention.findings import Finding, most_urgent_first
from feed.attention.scope import MOST, Scope
from feed.attention.sentences import reason
from progress.attention import Kind, Subject
from progress.models import Course, Lesson, User
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
    return first(viewer, MOST)[0]


def first(viewer: User, count: int) -> tuple[list[Reason], int]:
    """The first of them, in words, and how many there are: words take longer than finding does."""
    scope = Scope.of(viewer, now=timezone.now())
    found = _found(scope)
    return _named(found[:count], now=scope.now), len(found)


def for_student(viewer: User, student: User) -> list[Reason]:
    """The same of one student: in courses that `viewer` teaches."""
    scope = Scope.of(viewer, now=timezone.now(), student=student)
    return _named(_found(scope), now=scope.now)


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


def _found(scope: Scope) -> list[Finding]:
    if not scope.courses:
        return []
    found = [*replaying.find(scope), *seated.find(scope), *departed.find(scope), *middle.find(scope)]
    found = [*dismissals.standing(found, now=scope.now), *failing.find(scope)]
    listed = sorted(found, key=most_urgent_first)[:MOST]
    back = departed.who_came_back([each for each in listed if each.kind == Kind.GONE])
    return [each for each in listed if each.kind != Kind.GONE or (each.user_id, each.course_id) not in back]


def _named(found: Collection[Finding], *, now: datetime) -> list[Reason]:
    people = User.objects.only("first_name", "last_name", "username").in_bulk({each.user_id for each in found})
    courses = Course.objects.only("slug", "title").in_bulk({each.course_id for each in found})
    lessons = Lesson.objects.only("slug", "title").in_bulk({each.lesson_id for each in found if each.lesson_id})
    return [
        _reason(each, people[each.user_id], courses[each.course_id], lessons.get(each.lesson_id or 0), now=now)
        for each in found
        # Whatever was remembered may be gone meanwhile.
        if each.user_id in people and each.course_id in courses and (not each.lesson_id or each.lesson_id in lessons)
    ]


def _reason(found: Finding, student: User, course: Course, lesson: Lesson | None, *, now: datetime) -> Reason:
    return Reason(
        id=id_of(found.subject),
        kind=str(found.kind),
        sentence=reason(found, now=now),
        student={"id": student.pk, "name": student.name},
        course=_place(course),
        lesson=_place(lesson) if lesson else None,
        since=found.since,
        url=reverse("student", args=[student.pk]),
        lesson_url=reverse("lesson", args=[course.slug, lesson.slug]) if lesson else None,
    )


def _place(row: Course | Lesson) -> dict[str, Any]:
    return {"id": row.pk, "slug": row.slug, "title": row.title}
