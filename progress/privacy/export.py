"""Everything that is kept of one person, as JSON: their right to a copy (docs/operations.md, "Privacy").

Right answers are not in it: of an attempt it says what was chosen. Of audit records it says by whom this person was
looked at or corrected; whom this person looked at is told without the others' names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.db.models import F, Model
from django.utils import timezone

from progress.models import (
    AttentionDismissal,
    Choice,
    Correction,
    Disclosure,
    Enrollment,
    ExamAttempt,
    QuizAttempt,
    User,
    UserProgress,
    WatchedSpan,
)

FORMAT: Final = 1
"""Rises when a key changes its meaning; new keys may appear without it."""

PROFILE = (
    "id",
    "username",
    "first_name",
    "last_name",
    "email",
    "language",
    "time_zone",
    "theme",
    "name_hidden",
    "achievements_told_to",
    "is_active",
    "is_staff",
    "is_superuser",
    "date_joined",
    "last_login",
)
PROGRESS = (
    "status",
    "completed",
    "started_at",
    "completed_at",
    "video_watch_percentage",
    "last_watched_timestamp",
    "video_completion_threshold",
    "last_accessed",
    "progress_percentage",
    "segments",
    "unpaid_segments",
    "suspicious",
    "claimed_percentage",
    "completed_percentage",
    "completed_claimed",
    "announced_at",
    "announced_percentage",
    "announced_claimed",
    "announced_status",
)


_elsewhere: dict[str, Callable[[User], list[dict[str, Any]]]] = {}


def also(key: str, read: Callable[[User], list[dict[str, Any]]]) -> None:
    """Have what another app keeps of people in the copy, under this key."""
    _elsewhere[key] = read


def everything_about(person: User) -> dict[str, Any]:
    """Return all of it, ready for JSON."""
    return {
        "format": FORMAT,
        "exported_at": timezone.now(),
        "person": {
            **{name: getattr(person, name) for name in PROFILE},
            "groups": list(person.groups.order_by("name").values_list("name", flat=True)),
            "permissions": sorted(person.user_permissions.values_list("codename", flat=True)),
        },
        "teaches": list(person.courses_taught.order_by("pk").values("id", "slug", "title")),
        "enrollments": _rows(Enrollment, person, "active", "enrolled_at", course="course__title"),
        "progress": _rows(UserProgress, person, *PROGRESS, course="course__title", lesson="lesson__title"),
        "watched": list(
            WatchedSpan.objects.filter(user_id=person.pk)
            .order_by("at", "from_second")
            .values("lesson_id", "from_second", "to_second", "rate", "at")
        ),
        "quiz_attempts": _with_answers(
            _rows(
                QuizAttempt,
                person,
                "attempt_number",
                "submitted_at",
                "score",
                "passed",
                "answers",
                "withdrawn_at",
                course="course__title",
                quiz="quiz__title",
            )
        ),
        "exam_attempts": _with_answers(
            _rows(
                ExamAttempt,
                person,
                "attempt_number",
                "started_at",
                "submitted_at",
                "score",
                "passed",
                "answers",
                "withdrawn_at",
                course="course__title",
                exam="exam__title",
            )
        ),
        "certificates": list(
            person.certifications.order_by("pk").values(
                "certificate_id",
                "due_at",
                "issued_at",
                "withdrawn_at",
                "external_id",
                "external_url",
                title=F("course__title"),
            )
        ),
        "corrections": _rows(Correction, person, "kind", "at", "by_name", "subject", "reason", course="course__title"),
        "corrections_made": list(person.corrections_made.order_by("pk").values("kind", "at", "reason")),
        "shown_to": _rows(Disclosure, person, "day", "by_name", "where", "times", "first_at", "last_at"),
        "attention": _rows(
            AttentionDismissal, person, "kind", "at", "until", "by_name", course="course__title", lesson="lesson__title"
        ),
        "attention_answered": list(person.attention_dismissals_made.order_by("pk").values("kind", "at", "until")),
        "looked_at_others": list(person.disclosures_to_them.order_by("pk").values("day", "where", "times")),
        "failed_sign_ins": list(
            AccessAttempt.objects.filter(username=person.username)
            .order_by("pk")
            .values("ip_address", "user_agent", "attempt_time", "failures_since_start")
        ),
        "done_in_the_admin_site": list(
            LogEntry.objects.filter(user=person)
            .order_by("pk")
            .values("action_time", "action_flag", "change_message", on=F("content_type__model"))
        ),
        **{key: read(person) for key, read in _elsewhere.items()},
    }


def as_json(person: User) -> bytes:
    """The same as UTF-8 text that people can read."""
    return msgspec.json.format(msgspec.json.encode(everything_about(person)), indent=2) + b"\n"


def _rows(model: type[Model], person: User, *columns: str, **named: str) -> list[dict[str, Any]]:
    titles = {name: F(path) for name, path in named.items()}
    # A column may have the name of a relation: `course` says the title here, and is an id there.
    told = model._default_manager.filter(user=person).order_by("pk")
    return [
        {name.removesuffix("_title"): value for name, value in row.items()}
        for row in told.values(*columns, **{f"{name}_title": path for name, path in titles.items()})
    ]


def _with_answers(attempts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Say answers in words, where the question is still there."""
    chosen = {int(choice) for attempt in attempts for choice in attempt["answers"].values()}
    words = {
        pk: {"question": question, "chosen": text}
        for pk, question, text in Choice.objects.filter(pk__in=chosen).values_list("pk", "question__text", "text")
    }
    return [{**attempt, "answers": list(_in_words(attempt["answers"].items(), words))} for attempt in attempts]


def _in_words(answers: Iterable[tuple[str, Any]], words: dict[int, dict[str, str]]) -> Iterable[dict[str, Any]]:
    for question, choice in answers:
        yield words.get(int(choice), {"question": question, "chosen": choice})
