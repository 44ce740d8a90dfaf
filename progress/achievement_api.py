"""The HTTP API of achievements: one's own, and what of them is new (docs/protocol.md)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest
from ninja import Router, Schema

from progress import achievement_facts, achievement_news
from progress.achievements import Achievement, achievements, in_words
from progress.models import User

router = Router()


class AchievementOut(Schema):
    """An achievement, and how far the caller is: `done` of `target`, in words too."""

    key: str
    title: str
    sentence: str
    earned: bool
    earned_at: datetime | None
    done: int
    target: int
    progress: str


class MilestoneOut(Schema):
    """A step of a course, in percent of its lessons."""

    percent: int
    reached: bool
    reached_at: datetime | None


class StepsOut(Schema):
    """The steps of a course that the caller studies."""

    course: int
    milestones: list[MilestoneOut]


class NewsOut(Schema):
    """What the caller has earned since somebody asked."""

    achievements: list[AchievementOut]


class AchievementsOut(NewsOut):
    """All of them, how many are earned, in words, and the steps of each course."""

    summary: str
    courses: list[StepsOut]


@router.get("/achievements/", response=AchievementsOut)
def own(request: HttpRequest) -> dict[str, Any]:
    """The caller's own achievements, those not yet earned too, and milestones."""
    person = cast(User, request.user)
    facts = achievement_facts.read(person)
    found = achievements(facts)
    return {
        "achievements": list(_told(found)),
        "summary": in_words(found),
        "courses": [
            {
                "course": each.course.pk,
                "milestones": [
                    {"percent": step.percent, "reached": step.at is not None, "reached_at": step.at}
                    for step in each.milestones
                ],
            }
            for each in achievement_facts.steps(person, facts)
        ],
    }


@router.post("/achievements/news/", response=NewsOut)
def news(request: HttpRequest) -> dict[str, Any]:
    """What the caller has earned since this was last asked, or a page showed it; it is new once, over all devices."""
    return {"achievements": list(_told(achievement_news.take(cast(User, request.user))))}


def _told(found: Iterable[Achievement]) -> Iterable[dict[str, Any]]:
    for each in found:
        yield {
            "key": each.rule.key,
            "title": str(each.rule.title),
            "sentence": str(each.rule.sentence),
            "earned": each.earned,
            "earned_at": each.reached.at,
            "done": each.reached.done,
            "target": each.reached.target,
            "progress": each.progress,
        }
