"""Under German, in New York: what scripts write is what Django would have written."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.db import transaction
from django.utils import timezone

from progress.models import Course, Exam, ExamAttempt, Outbox, User
from tests import browser
from tests.browser import ROWS, followed, shown, until_state
from tests.cast import Cast
from tests.live import Live
from tests.test_browser import MARKUP, certify, tell, until_names, watch

TIMES = "() => [...document.querySelectorAll('#activity-feed time')].map((time) => time.textContent)"
EXACT = "() => document.querySelector('#activity-feed time').title"
NUMBERED = 1234
ZONE = "America/New_York"


@sync_to_async
def read_german(*people: User) -> None:
    """Have these people read German, in New York."""
    names = [person.pk for person in people]
    User.objects.filter(pk__in=names).update(language="de", time_zone=ZONE)


@sync_to_async
def attempt(person: User, course: Course, *, minutes_ago: float, number: int) -> ExamAttempt:
    """An attempt that was submitted a while ago, and told now."""
    exam, _ = Exam.objects.get_or_create(course=course, defaults={"title": "Final exam"})
    at = timezone.now() - timedelta(minutes=minutes_ago)
    with transaction.atomic():
        submitted = ExamAttempt.objects.create(
            user=person,
            exam=exam,
            course=course,
            attempt_number=number,
            started_at=at,
            submitted_at=at,
            score=48.75,
            passed=False,
        )
        tell(Outbox.Kind.EXAM_ATTEMPTED, [submitted])
    return submitted


async def test_rows_that_came_live_are_the_rows_of_a_reload_in_german_too(live: Live, cast: Cast) -> None:
    def timeless(rows: dict[str, str]) -> dict[str, str]:
        return {id: re.sub(r"(<time[^>]*>)[^<]*", r"\1", markup) for id, markup in rows.items()}

    await read_german(cast.grace)
    async with browser.chromium() as chromium:
        grace = await followed(chromium, live, cast.grace)
        await attempt(cast.ada, cast.algorithms, minutes_ago=90, number=NUMBERED)
        await certify(cast.ada, cast.algorithms)
        await watch(live, cast.bob, cast.bernoulli, to=55.5)
        await watch(live, cast.ada, cast.bernoulli, to=100)
        for type in ("lesson_completed", "exam_attempt", "certification_issued", "progress_update"):
            await shown(grace, type)
        await until_names(grace, *["Ada Lovelace"] * 2, "Bob Moog", *["Ada Lovelace"] * 2)
        said = await grace.page.locator("#activity-feed").inner_text()
        assert "hat Bernoulli numbers abgeschlossen" in said
        assert "Versuch 1.234" in said
        came = timeless(await grace.page.evaluate(MARKUP))
        assert len(came) == len(await grace.page.evaluate(ROWS)) == 5
        await grace.page.reload()
        await until_state(grace, "live")
        assert timeless(await grace.page.evaluate(MARKUP)) == came
        assert grace.errors == []


async def test_the_first_paint_says_how_long_ago_as_the_script_then_does(live: Live, cast: Cast) -> None:
    await read_german(cast.grace)
    given = await attempt(cast.ada, cast.algorithms, minutes_ago=90, number=1)
    async with browser.chromium() as chromium:
        plain = await browser.window(chromium, live, cast.grace, java_script_enabled=False)
        await plain.page.goto("/dashboard/students/")
        painted = await plain.page.locator("#activity-feed time").all_inner_texts()
        grace = await followed(chromium, live, cast.grace)
        assert painted == await grace.page.evaluate(TIMES) == ["vor 1 Stunde"]
        exact = await grace.page.evaluate(EXACT)
    assert given.submitted_at
    there = given.submitted_at.astimezone(ZoneInfo(ZONE))
    assert f"{there:%H:%M:%S}" in exact
    assert exact.split(",")[0] in {"Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"}


async def test_new_entries_are_counted_with_the_separators_of_the_language(live: Live, cast: Cast) -> None:
    await read_german(cast.grace)
    async with browser.chromium() as chromium:
        grace = await followed(chromium, live, cast.grace)
        counted = """async () => {
            const { Counted } = await import("/static/js/counts.js");
            const { documentElement: page } = document;
            const said = new Counted(page.querySelector("[data-feed]"), "new-entries", page.lang);
            return [1, 2, 1234].map((count) => said.say(count));
        }"""
        assert await grace.page.evaluate(counted) == ["1 neuer Eintrag", "2 neue Einträge", "1.234 neue Einträge"]
