"""Lessons as a person may use them: seen by who may see the course, studied by who is enrolled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from progress.compiled import Compiled, Given
from progress.models import Enrollment, Lesson, User
from progress.refusals import NotEnrolled, NotFound
from progress.together import Together

LARGEST_KEY = 2**63 - 1
"""No primary key is larger (bigint); an address may name any number."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A lesson that a person may see, and whether they study it; if not, they preview it.

    Nobody studies a lesson that is not ready, whoever teaches it and is enrolled too.
    """

    lesson: Lesson
    studied: bool


def seen_by(person: User, **where: object) -> Seen | None:
    """Return the one lesson named by `where` (`pk`, or `course__slug` and `slug`) if `person` may see it."""
    studies = Enrollment.objects.filter(user=person, course=OuterRef("course"), active=True)
    seen = Lesson.objects.visible_to(person).select_related("course").annotate(enrolled=Exists(studies))
    lesson = seen.filter(**where).first()
    return Seen(lesson, bool(vars(lesson)["enrolled"]) and lesson.duration > 0) if lesson else None


def studied_by(person: User, lesson_id: int) -> Lesson:
    """Return the lesson if `person` studies it.

    Raises NotFound where it may not be seen, NotEnrolled where it may only be previewed: then nothing is recorded.
    """
    seen = seen_by(person, pk=lesson_id)
    if seen is None:
        raise NotFound("lesson")
    if not seen.studied:
        raise NotEnrolled
    return seen.lesson


async def studies(person_id: int, lesson_id: int) -> bool:
    """Whether `studied_by` would return the lesson, asked together with others at the same moment."""
    if lesson_id > LARGEST_KEY:
        return False  # PostgreSQL would refuse the question, and with it that of all the others
    return await _together.ask((person_id, lesson_id)) or False


_studied = Compiled(
    lambda: Enrollment.objects.filter(
        active=True,
        user__is_active=True,
        user__among=Given("people"),
        course__lessons__in=Lesson.objects.ready().filter(pk__among=Given("lessons")),
    ).values_list("user_id", "course__lessons")
)


async def _read(asked: Sequence[tuple[int, int]]) -> dict[tuple[int, int], bool]:
    people, lessons = {person for person, _ in asked}, {lesson for _, lesson in asked}
    found = set(await _studied.rows(people=list(people), lessons=list(lessons)))
    return {pair: pair in found for pair in asked}


# A class watches few lessons; what a round reads is at most its people times its lessons.
_together = Together(_read, most=100)
