"""The API against its own schema: schemathesis asks, as every role, what the schema allows and what it forbids."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from django.utils import timezone
from schemathesis import Case
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.pytest.lazy import get_all_tests
from schemathesis.schemas import BaseSchema

from progress.models import Exam, ExamAttempt, LessonQuiz, User
from tests.cast import Cast
from tests.live import Live
from tests.papers import ask
from tests.test_roles import ROLES

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "8"))
"""Random cases of each operation and role; SCHEMA_EXAMPLES=200 asks for longer, and prints the figures."""

EVERYTHING = ("ada", "admin")
"""Roles that also get every case that schemathesis derives from the schema's bounds: who writes, and who sees all. The
others are refused most of it before it is looked at; with SCHEMA_EXAMPLES they get it too."""

LEAST = {True: 400, False: 40}
"""Cases of a role at least, with those derived ones and without."""

MOMENTS = [
    "2026-11-22T16:00:00Z",
    "2026-11-22T16:00:00.5+23:59",
    "0001-01-01T00:00:00-23:59",
    "2026-11-22T16:00:00-00:00:00.1",
]
"""Moments as ISO 8601 allows them, more than PostgreSQL reads."""

TOKEN = "x" * 32

load_all_checks()
NOT_OURS = [
    # Of an operation without a session: that is the role anonymous, for which every operation answers 401.
    CHECKS.get_one("ignored_auth"),
    # What the schema allows may still be refused: ids that are not there, positions of another's groups.
    CHECKS.get_one("positive_data_acceptance"),
]


class School:
    """What ids there are, so that not every case asks for something that is not there."""

    def __init__(self, cast: Cast) -> None:
        self.lesson = cast.bernoulli.pk
        quiz = LessonQuiz.objects.create(lesson=cast.bernoulli, title="Quiz", required=True)
        exam = Exam.objects.create(course=cast.algorithms, title="Exam")
        self.exam = exam.pk
        opened = ExamAttempt.objects.create(
            user=cast.ada, exam=exam, course=cast.algorithms, attempt_number=1, started_at=timezone.now()
        )
        self.attempts = [opened.pk]
        named = [cast.bob.pk, cast.algorithms.pk, cast.bernoulli.pk]
        self.reasons = [".".join(map(str, ["quiz_failed", *named, episode])) for episode in (1, 2)] + ["gone.1.2.3.4"]
        self.answers = ask(quiz=quiz)[0] | ask(exam=exam)[0]

    def seed(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema with what there is in place of what might be there."""
        for path, operation in ((path, each) for path, methods in schema["paths"].items() for each in methods.values()):
            for parameter in operation["parameters"]:
                known = self._known(parameter["name"])
                parameter["schema"] = {"enum": known} if known else parameter["schema"]
            if "/quiz/" in path or "/attempts/" in path:
                for body in operation.get("requestBody", {}).get("content", {}).values():
                    known = {question: {"enum": [choice, choice + 1, 0]} for question, choice in self.answers.items()}
                    body["schema"]["properties"]["answers"]["properties"] = known
        return schema

    def _known(self, name: str) -> list[int] | list[str]:
        ids: dict[str, list[int] | list[str]] = {
            "lesson_id": [self.lesson],
            "exam_id": [self.exam],
            "attempt_id": [*self.attempts],
            "reason_id": self.reasons,
        }
        return ids.get(name) or (MOMENTS if name in ("since", "until") else [])


@pytest.fixture
async def browser(live: Live, cast: Cast, role: str) -> AsyncIterator[requests.Session]:
    """A browser in which somebody of this role is signed in, on the running site."""
    gone = await User.objects.acreate(username="gone", is_superuser=True) if role == "gone" else None
    person = gone or getattr(cast, role, None)
    with requests.Session() as session:
        session.headers["X-CSRFToken"] = session.cookies["csrftoken"] = TOKEN
        if person:
            session.cookies["sessionid"] = await live.session(person)
        if gone:
            await User.objects.filter(pk=gone.pk).aupdate(is_active=False)
        yield session


@pytest.fixture
def described(live: Live, cast: Cast, browser: requests.Session) -> Iterator[BaseSchema]:
    """The schema that the site serves, with what is there among its values."""
    site = f"http://{live.site.address()}"
    served = browser.get(f"{site}/api/openapi.json").json()
    schema = schemathesis.openapi.from_dict(School(cast).seed(served))
    schema.config.base_url = site
    schema.config.generation.update(max_examples=EXAMPLES, deterministic=True, with_security_parameters=False)
    before = len(live.site.log("web0"))
    yield schema
    assert "Traceback" not in live.site.log("web0")[before:]


@pytest.mark.parametrize("role", ROLES)
def test_every_operation_answers_each_role_as_its_schema_says(
    described: BaseSchema, browser: requests.Session, role: str
) -> None:
    answered: Counter[int] = Counter()
    everything = role in EVERYTHING or "SCHEMA_EXAMPLES" in os.environ
    described.config.phases.coverage.enabled = everything

    def ask_and_check(case: Case) -> None:
        answer = case.call_and_validate(session=browser, headers={"X-CSRFToken": TOKEN}, excluded_checks=NOT_OURS)
        answered[answer.status_code] += 1
        if answer.status_code >= 400:
            said = answer.json()
            assert said["success"] is False
            assert said["error"]
            assert said["code"]

    chosen = hypothesis.settings(
        deadline=None, max_examples=EXAMPLES, suppress_health_check=[*hypothesis.HealthCheck], derandomize=True
    )
    for each in get_all_tests(schema=described, test_func=ask_and_check, settings=chosen, given_kwargs=None):
        _, ask_every_case = each.ok()
        ask_every_case()
    assert answered.total() > LEAST[everything]
    assert (200 in answered) == (role not in ("anonymous", "gone"))
    if os.environ.get("SCHEMA_EXAMPLES"):
        sys.stdout.write(f"{role}: {answered.total()} cases, {dict(sorted(answered.items()))}\n")
