"""The facts of a course: what a student knows of it before the first lesson."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson: how long it lasts in seconds, and whether it has a quiz that must be passed."""

    slug: str
    duration: float
    quiz: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """A course: its lessons in order, and whether it ends with an exam."""

    slug: str
    lessons: tuple[Lesson, ...]
    exam: bool = False


@dataclass(frozen=True, slots=True)
class Ids:
    """Which numbers the course's lessons and its exam have on the site."""

    lessons: tuple[int, ...]
    exam: int | None


def parse_courses(answer: Mapping[str, Any], slug: str) -> tuple[Course, Ids] | None:
    """Return one course of what `GET /api/courses/` answers, or None where it is not among them."""
    for each in answer["courses"]:
        if each["slug"] == slug:
            lessons = tuple(Lesson(it["slug"], it["duration"], it["quiz_required"]) for it in each["lessons"])
            ids = Ids(tuple(it["id"] for it in each["lessons"]), each["exam"])
            return Course(slug, lessons, ids.exam is not None), ids
    return None
