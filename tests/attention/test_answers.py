"""Dismissing, snoozing and undoing: by the API, by forms, in two browsers on two processes, and after a crash."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import async_to_sync, sync_to_async
from django.test import Client
from django.utils import timezone
from playwright.async_api import Browser, expect

from feed.attention.listing import id_of
from progress import attention, outbox
from progress.attention import Kind, Subject
from progress.models import AttentionDismissal, LessonQuiz, Outbox
from progress.privacy import retention
from tests import browser
from tests.attention.facts import add_class, failed
from tests.browser import followed
from tests.cast import Cast
from tests.live import Live, until

pytestmark = pytest.mark.django_db(transaction=True)


def stage(cast: Cast) -> LessonQuiz:
    """ada and bob have failed a quiz twice; ada last."""
    quiz = LessonQuiz.objects.create(lesson=cast.bernoulli, title="Quiz", pass_mark=70)
    failed(cast.bob, quiz, 10, 20, ago=timedelta(hours=2))
    failed(cast.ada, quiz, 10, 20)
    return quiz


def of_ada(cast: Cast, episode: int = 2) -> Subject:
    return Subject(Kind.QUIZ_FAILED, cast.ada.pk, cast.algorithms.pk, cast.bernoulli.pk, episode)


@pytest_asyncio.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """A headless chromium."""
    async with browser.chromium() as opened:
        yield opened


def post(client: Client, subject: Subject, act: str, **body: Any) -> tuple[int, str]:
    answer = client.post(f"/api/attention/{id_of(subject)}/{act}/", body, content_type="application/json")
    return answer.status_code, answer.json().get("code", "")


def test_the_api_dismisses_snoozes_and_undoes_within_a_minute(cast: Cast, client: Client) -> None:
    stage(cast)
    client.force_login(cast.grace)

    def listed() -> list[str]:
        return [each["student"]["name"] for each in client.get("/api/attention/").json()["reasons"]]

    assert listed() == ["Ada Lovelace", "Bob Moog"]
    assert post(client, of_ada(cast), "snooze", **{"for": "year"}) == (422, "invalid_snooze")
    assert post(client, of_ada(cast), "snooze", **{"for": "day"}) == (200, "")
    kept = AttentionDismissal.objects.get()
    assert kept.until is not None
    assert kept.until - kept.at == pytest.approx(timedelta(days=1), abs=timedelta(seconds=1))
    assert post(client, of_ada(cast), "dismiss") == (200, "")
    kept.refresh_from_db()
    assert (kept.until, kept.by, kept.by_name) == (None, cast.grace, "Grace Hopper (grace)")
    assert listed() == ["Bob Moog"]
    assert post(client, of_ada(cast), "undo") == (200, "")
    assert listed() == ["Ada Lovelace", "Bob Moog"]
    assert post(client, of_ada(cast), "undo") == (404, "not_found")
    post(client, of_ada(cast), "dismiss")
    AttentionDismissal.objects.update(at=timezone.now() - timedelta(seconds=61))
    assert post(client, of_ada(cast), "undo") == (409, "too_late")
    assert [row.course_id for row in Outbox.objects.filter(kind="attention_changed")] == [cast.algorithms.pk] * 4


def test_nobody_answers_for_courses_that_they_do_not_teach_nor_undoes_what_others_did(
    cast: Cast, client: Client
) -> None:
    stage(cast)
    for person in (cast.oscar, cast.ada, cast.olga):
        client.force_login(person)
        assert post(client, of_ada(cast), "dismiss") == (404, "not_found")
        answer = client.post("/dashboard/attention/", {"reason": id_of(of_ada(cast)), "act": "dismiss"})
        assert answer.status_code == 404
    assert not AttentionDismissal.objects.exists()
    attention.dismiss(cast.admin, of_ada(cast))
    client.force_login(cast.grace)
    assert post(client, of_ada(cast), "undo") == (404, "not_found")
    of_another_course = Subject(Kind.GONE, cast.ada.pk, cast.algorithms.pk, cast.mosses.pk, 1)
    assert post(client, of_another_course, "dismiss") == (404, "not_found")
    cast.algorithms.instructors.add(cast.ada)
    client.force_login(cast.ada)
    assert post(client, of_ada(cast), "dismiss") == (404, "not_found"), "nobody answers for themselves"


def test_without_javascript_forms_answer_and_lead_back_with_a_word(cast: Cast, client: Client) -> None:
    stage(cast)
    client.force_login(cast.grace)
    page = "/dashboard/students/?type=exam_attempt"
    assert client.get(page).content.count(b'value="dismiss"') >= 2
    form = {"reason": id_of(of_ada(cast)), "next": page}
    answer = client.post("/dashboard/attention/", {**form, "act": "dismiss"}, follow=True)
    assert answer.redirect_chain == [(f"{page}#attention-heading", 302)]
    assert b"Dismissed for everybody who teaches the course." in answer.content
    assert f'data-undo="{form["reason"]}"' in answer.content.decode()
    answer = client.post("/dashboard/attention/", {**form, "act": "undo"}, follow=True)
    assert b"It is back on the list." in answer.content
    assert f'data-undo="{form["reason"]}"' not in answer.content.decode()
    client.post("/dashboard/attention/", {**form, "act": "week"})
    assert AttentionDismissal.objects.get().until is not None
    away = client.post("/dashboard/attention/", {**form, "act": "dismiss", "next": "https://elsewhere.example/"})
    assert away["Location"] == "/dashboard/"
    assert client.post("/dashboard/attention/", {**form, "act": "shout"}).status_code == 404


def test_dismissals_that_are_over_are_removed(cast: Cast) -> None:
    stage(cast)
    now = timezone.now()
    for episode, at, ends in (
        (1, now, None),
        (2, now - timedelta(days=91), None),
        (3, now - timedelta(days=3), now - timedelta(days=2)),
        (4, now - timedelta(days=3), now - timedelta(hours=23)),
    ):
        attention.dismiss(cast.grace, of_ada(cast, episode), until=ends)
        AttentionDismissal.objects.filter(episode=episode).update(at=at)
    async_to_sync(retention.keep_to_it)()
    assert sorted(AttentionDismissal.objects.values_list("episode", flat=True)) == [1, 4]


async def test_who_teaches_the_course_is_told_and_nobody_else(live: Live, cast: Cast) -> None:
    async with (
        live.feed(cast.grace, web=1) as grace,
        live.feed(cast.admin) as admin,
        live.feed(cast.oscar) as oscar,
        live.feed(cast.ada) as ada,
    ):
        await sync_to_async(attention.dismiss)(cast.grace, of_ada(cast))
        for viewer in (grace, admin):
            assert (await viewer.until("attention"))["courses"] == [cast.algorithms.pk]
        mosses = Subject(Kind.GONE, cast.eve.pk, cast.botany.pk, cast.mosses.pk, 1)
        await sync_to_async(attention.dismiss)(cast.oscar, mosses)
        # What came after it has come: the other would have come before.
        assert (await oscar.until("attention"))["courses"] == [cast.botany.pk]
        await admin.until("attention", count=2)
        assert len(grace.of("attention")) == 1
        assert ada.of("attention") == []


async def test_what_a_killed_process_did_not_tell_the_sweeper_tells(
    live: Live, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with live.feed(cast.grace, web=1) as grace:
        with monkeypatch.context() as killed:
            killed.setattr(outbox, "_tell_in_its_own_time", lambda _references: None)
            await sync_to_async(attention.dismiss)(cast.grace, of_ada(cast))
        assert (await grace.until("attention"))["courses"] == [cast.algorithms.pk]


async def test_one_instructor_dismisses_and_the_other_sees_it_gone(live: Live, cast: Cast, chromium: Browser) -> None:
    quiz = await sync_to_async(stage)(cast)
    await sync_to_async(cast.algorithms.instructors.add)(cast.oscar)
    grace = await browser.window(chromium, live, cast.grace)
    await grace.page.goto("/dashboard/")
    await browser.until_state(grace, "live")
    oscar = await followed(chromium, live, cast.oscar)
    hers, his = grace.page.locator(".reason"), oscar.page.locator(".reason")
    await expect(hers).to_have_count(2)
    await expect(his).to_have_count(2)
    loads = len([each for each in oscar.requests if "/dashboard/students/" in each])

    # By keyboard: from the student's name on to the lesson and the button.
    await hers.first.locator("a").first.focus()
    for _ in range(2):
        await grace.page.keyboard.press("Tab")
    await grace.page.keyboard.press("Enter")
    await expect(grace.page.locator("[data-undo] button")).to_be_focused()
    await expect(grace.page.locator("[data-said]")).to_contain_text("Dismissed for everybody who teaches the course.")
    await expect(his).to_have_count(1)
    await expect(his).to_contain_text("Bob Moog")
    await expect(oscar.page.locator("[data-said]")).to_contain_text("The list has 1 reason now.")

    await grace.page.keyboard.press("Enter")  # Undo
    await expect(his).to_have_count(2)
    await expect(hers.first.locator("button").first).to_be_focused()
    await expect(grace.page.locator("[data-undo]")).to_have_count(0)

    # Snoozed from a menu, closed by Escape first; then it comes back because more happens.
    await his.first.locator("summary").focus()
    await oscar.page.keyboard.press("Enter")
    await expect(his.first.get_by_text("For a week")).to_be_visible()
    await oscar.page.keyboard.press("Escape")
    await expect(his.first.locator("summary")).to_be_focused()
    await oscar.page.keyboard.press("Enter")
    await his.first.get_by_text("For an hour").press("Enter")
    await expect(hers).to_have_count(1)
    await sync_to_async(failed)(cast.ada, quiz, 30, ago=timedelta())
    await sync_to_async(attention.dismiss)(
        cast.admin, Subject(Kind.QUIZ_FAILED, cast.bob.pk, cast.algorithms.pk, cast.bernoulli.pk, 2)
    )
    await expect(hers).to_have_count(1)
    await expect(hers).to_contain_text("The quiz was failed 3 times; the newest score is 30%, and 70% are needed.")
    assert len([each for each in oscar.requests if "/dashboard/students/" in each]) == loads, "it was not reloaded"
    await sync_to_async(attention.dismiss)(cast.admin, of_ada(cast, 3))
    await expect(grace.page.locator(".attention-empty")).to_be_visible()
    assert grace.errors == oscar.errors == []


async def test_what_could_not_be_stored_stands_there_again_and_says_so(
    live: Live, cast: Cast, chromium: Browser
) -> None:
    await sync_to_async(stage)(cast)
    grace = await followed(chromium, live, cast.grace)
    await grace.page.route("**/api/attention/*/dismiss/", lambda route: route.abort())
    first = grace.page.locator(".reason").first
    await first.locator('[value="dismiss"]').press("Enter")
    await expect(first.locator("[data-problem]")).to_be_visible()
    await expect(first.locator('[value="dismiss"]')).to_be_focused()
    await expect(grace.page.locator("[data-said]")).to_contain_text("That could not be stored.")
    assert not await AttentionDismissal.objects.aexists()
    await grace.page.unroute("**/api/attention/*/dismiss/")
    await first.locator('[value="dismiss"]').press("Enter")
    await until(lambda: grace.heard("attention"))
    assert await AttentionDismissal.objects.aexists()


async def test_more_than_fit_are_counted_and_all_shown_on_demand(live: Live, cast: Cast, chromium: Browser) -> None:
    def many() -> None:
        quiz = stage(cast)
        for person in add_class(cast.algorithms, students=10, lessons=0)[0]:
            failed(person, quiz, 10, 20, ago=timedelta(hours=3))

    await sync_to_async(many)()
    grace = await browser.window(chromium, live, cast.grace)
    await grace.page.goto("/dashboard/")
    await expect(grace.page.locator(".reason:visible")).to_have_count(10)
    await expect(grace.page.locator("[data-total]")).to_have_text("12")
    await grace.page.get_by_role("link", name="Show all 12").press("Enter")
    await expect(grace.page.locator(".reason:visible")).to_have_count(12)
    await expect(grace.page.locator(".reason").nth(10).locator("a").first).to_be_focused()
    bare = await browser.window(chromium, live, cast.grace, java_script_enabled=False)
    await bare.page.goto("/dashboard/students/")
    await expect(bare.page.locator(".reason:visible")).to_have_count(3)
    await bare.page.get_by_role("link", name="Show all 12").click()
    await expect(bare.page.locator(".reason:visible")).to_have_count(12)
    await bare.page.locator(".reason").nth(11).get_by_text("Dismiss").click()
    await expect(bare.page.locator(".notice").first).to_contain_text("Dismissed for everybody")
    await expect(bare.page.locator(".reason:visible")).to_have_count(11)
    await bare.page.get_by_role("button", name="Undo").click()
    await expect(bare.page.locator(".reason:visible")).to_have_count(12)
