"""Every page of ours, for tests that go through all of them: who opens which address, with what it names."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.urls import reverse
from django.utils import timezone

from progress.models import Certification, Exam, LessonQuiz
from tests import browser
from tests.cast import Cast
from tests.papers import ask
from tests.test_headers import MEDIA
from tests.test_roles import PAGES, addresses, table

NO_PAGES = MEDIA | {"healthz", "readyz", "metrics", "own_data", "students_csv"}
"""Addresses that give no page."""


async def one_of_everything(cast: Cast) -> dict[str, Any]:
    """Make one of everything in algorithms; return what addresses name."""
    lesson = await browser.add_lesson(cast.algorithms, title="Short film", seconds=2)

    def make() -> dict[str, Any]:
        ask(quiz=LessonQuiz.objects.create(lesson=lesson, title="Quiz", required=True))
        ask(exam=Exam.objects.create(course=cast.algorithms, title="Exam"))
        issued = Certification.objects.create(
            user=cast.bob,
            course=cast.algorithms,
            certificate_id=uuid.uuid4(),
            due_at=timezone.now(),
            issued_at=timezone.now(),
        )
        names = {"uidb64": "MQ", "token": "none", "certificate_id": issued.certificate_id}
        of_ada = {"student_id": cast.ada.pk, "lesson_id": lesson.pk}
        places = {"course": "algorithms", "lesson": lesson.slug, "object_id": str(lesson.pk)}
        return {**names, **of_ada, **places, "action": "republish"}

    return await sync_to_async(make)()


def of(role: str, named: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each page that this role of tests/test_roles.py may open: its name and path."""
    rows = table(PAGES, words=1)
    for each in addresses():
        name = str(each.name)
        if name not in NO_PAGES and rows[name][role] == "200":
            yield name, reverse(name, kwargs={value: named[value] for value in each.pattern.converters})
    yield "kept_mail", "/accounts/outbox/"  # 404 in the table, whose site keeps no mail
