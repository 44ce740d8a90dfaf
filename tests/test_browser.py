"""The main job in real browsers: a student watches, and whoever teaches sees it by itself."""

from __future__ import annotations

import asyncio
import re
import uuid
from datetime import timedelta

from asgiref.sync import sync_to_async
from django.db import transaction
from django.utils import timezone
from playwright.async_api import Route, WebSocketRoute

from feed.layer import histories
from progress import corrections, outbox, school
from progress.audit import Author
from progress.models import Certification, Course, Exam, ExamAttempt, Lesson, Outbox, User
from tests import browser
from tests.browser import PLAY, ROWS, followed, shown, until_state
from tests.cast import Cast
from tests.live import WITHIN, Live, until

OBSERVE = """() => {
    window.shownAt = {};
    const look = () => document.querySelectorAll("#activity-feed > li").forEach((row) => {
        const name = row.dataset.entryId;
        window.shownAt[name] ??= Date.now() / 1000;
    });
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
}"""
FADED = "() => document.querySelector('#activity-feed > [data-fresh]').getAnimations().length === 0"
MARKUP = """() => Object.fromEntries([...document.querySelectorAll("#activity-feed > li")].map((row) => {
    row.removeAttribute("data-fresh");
    return [row.dataset.entryId, row.outerHTML];
}))"""
NAMES = """(expected) => [...document.querySelectorAll("#activity-feed [data-slot='user.name']")]
    .map((each) => each.textContent).join() === expected"""


async def names(window: browser.Window) -> list[str]:
    """Whose rows are in the list, as they stand there."""
    return await window.page.locator("#activity-feed [data-slot='user.name']").all_text_contents()


async def until_names(window: browser.Window, *expected: str) -> None:
    """Wait until the list has the rows of these people, in this order."""
    await window.page.wait_for_function(NAMES, arg=",".join(expected))


async def watch(live: Live, person: User, lesson: Lesson, *, to: float = 60) -> None:
    """Have a student's player report so much."""
    async with live.player(person, lesson) as player:
        await player.watch(to=to)


@sync_to_async
def attempt_exam(person: User, course: Course, *scores: float) -> None:
    """Attempts that were submitted one minute after another, the last one now, and told."""
    exam, _ = Exam.objects.get_or_create(course=course, defaults={"title": "Final exam"})
    with transaction.atomic():
        attempts = [
            ExamAttempt(
                user=person,
                exam=exam,
                course=course,
                attempt_number=number,
                started_at=timezone.now() - timedelta(hours=9),
                submitted_at=timezone.now() - timedelta(minutes=len(scores) - number),
                score=score,
                passed=score >= exam.pass_mark,
            )
            for number, score in enumerate(scores, start=1)
        ]
        ExamAttempt.objects.bulk_create(attempts)
        tell(Outbox.Kind.EXAM_ATTEMPTED, attempts)


@sync_to_async
def certify(person: User, course: Course) -> None:
    """A certificate, issued and told."""
    with transaction.atomic():
        issued = Certification.objects.create(
            user=person, course=course, certificate_id=uuid.uuid4(), due_at=timezone.now(), issued_at=timezone.now()
        )
        tell(Outbox.Kind.CERTIFICATION_ISSUED, [issued])


def tell(kind: str, rows: list[ExamAttempt] | list[Certification]) -> None:
    """Tell of rows as the code does that writes them."""
    outbox.write_and_tell([outbox.Reference(kind, row.pk, row.user_id, row.course_id) for row in rows])


async def test_a_student_plays_a_video_and_an_administrator_sees_it_by_itself(live: Live, cast: Cast) -> None:
    lesson = await browser.add_lesson(cast.algorithms, title="Short film", seconds=12)
    async with browser.chromium() as chromium:
        admin = await browser.window(chromium, live, cast.admin, web=1)
        await admin.page.goto("/dashboard/students/")
        await until(lambda: admin.heard("subscribed"))
        await admin.page.evaluate(OBSERVE)
        admin.requests.clear()

        ada = await browser.window(chromium, live, cast.ada)
        await ada.page.goto(f"/courses/algorithms/{lesson.slug}/")
        await until(lambda: ada.heard("welcome"))
        await ada.page.evaluate(PLAY)

        update = await shown(admin, "progress_update")
        assert "Ada Lovelace" in await update.inner_text()
        completion = await shown(admin, "lesson_completed")
        assert "Ada Lovelace completed Short film" in " ".join((await completion.inner_text()).split())

        acks = ada.heard("ack")
        acked_half = next(at for at, ack in acks if ack["watch_percentage"] >= 50)
        acked_completed = next(at for at, ack in acks if ack["completed"])
        shown_at = await admin.page.evaluate("window.shownAt")
        for type, acked_at in (("progress_update", acked_half), ("lesson_completed", acked_completed)):
            [seen_at] = [at for name, at in shown_at.items() if name.startswith(type)]
            assert seen_at - acked_at < 1, f"{type} was shown {seen_at - acked_at:.2f} s after its ack"
        assert admin.requests == []  # no reload, no feed request, nothing
        assert admin.sockets == 1
        assert admin.errors == ada.errors == []

        live_rows = await admin.page.evaluate(ROWS)
        await admin.page.reload()
        assert await admin.page.evaluate(ROWS) == live_rows  # law 4, on screen
        percentage = acks[-1][1]["watch_percentage"]
        assert percentage >= 98, f"played from beginning to end, and {percentage} % counted"


async def test_a_student_goes_on_where_they_left(live: Live, cast: Cast) -> None:
    lesson = await browser.add_lesson(cast.algorithms, title="Long film", seconds=30)
    async with browser.chromium() as chromium:
        first = await browser.window(chromium, live, cast.ada)
        await first.page.goto(f"/courses/algorithms/{lesson.slug}/")
        await until(lambda: first.heard("welcome"))
        await first.page.evaluate("() => { document.querySelector('video').currentTime = 17.5; }")
        await until(lambda: [ack for _, ack in first.heard("ack")])
        await first.page.context.close()

        again = await browser.window(chromium, live, cast.ada, web=1)
        await again.page.goto(f"/courses/algorithms/{lesson.slug}/")
        await again.page.wait_for_function("() => Math.abs(document.querySelector('video').currentTime - 17.5) < 0.6")
        [(_, welcome)] = await until(lambda: again.heard("welcome"))
        assert abs(welcome["position"] - 17.5) < 0.5
        assert welcome["watch_percentage"] == 0  # a seek is not watching


async def test_mark_as_complete_is_a_button_and_shows_at_once(live: Live, cast: Cast) -> None:
    lesson = await browser.add_lesson(cast.algorithms, title="Skipped film", seconds=20)
    async with browser.chromium() as chromium:
        grace = await browser.window(chromium, live, cast.grace, web=1)
        await grace.page.goto("/dashboard/")
        await until(lambda: grace.heard("subscribed"))
        ada = await browser.window(chromium, live, cast.ada)
        await ada.page.goto(f"/courses/algorithms/{lesson.slug}/")
        await ada.page.get_by_role("button", name="Mark as Complete").click()
        await shown(grace, "lesson_completed")
        await ada.page.get_by_text("Completed").first.wait_for()


async def test_where_sockets_are_blocked_the_player_reports_over_http(live: Live, cast: Cast) -> None:
    lesson = await browser.add_lesson(cast.algorithms, title="Blocked film", seconds=20)
    async with browser.chromium() as chromium:
        ada = await browser.window(chromium, live, cast.ada)
        await ada.page.route_web_socket("**/ws/**", lambda socket: socket.close(code=1011))
        await ada.page.goto(f"/courses/algorithms/{lesson.slug}/")
        await ada.page.evaluate(PLAY)
        path = f"/api/lessons/{lesson.pk}/progress/"
        async with ada.page.expect_response(lambda answer: path in answer.url, timeout=40_000) as answered:
            pass
        answer = await (await answered.value).json()
        assert answer["success"]
        assert answer["watch_percentage"] > 0


async def test_one_who_only_teaches_previews_and_nothing_is_recorded(live: Live, cast: Cast) -> None:
    lesson = await browser.add_lesson(cast.algorithms, title="Preview film", seconds=10)
    async with browser.chromium() as chromium:
        grace = await browser.window(chromium, live, cast.grace)
        await grace.page.goto(f"/courses/algorithms/{lesson.slug}/")
        await grace.page.evaluate(PLAY)
        await grace.page.wait_for_function("() => document.querySelector('video').currentTime > 1")
        assert grace.sockets == 0
        assert not [asked for asked in grace.requests if "progress" in asked]


async def test_one_who_is_enrolled_nowhere_near_finds_no_lesson_and_no_dashboard(live: Live, cast: Cast) -> None:
    lesson = await browser.add_lesson(cast.algorithms, title="Hidden film", seconds=10)
    async with browser.chromium() as chromium:
        eve = await browser.window(chromium, live, cast.eve)
        for path, status in (
            (f"/courses/algorithms/{lesson.slug}/", 404),
            (f"/courses/algorithms/{lesson.slug}/video/", 404),
            ("/dashboard/", 403),
            ("/dashboard/students/", 403),
            ("/me/activity/", 200),
        ):
            answer = await eve.page.context.request.get(path)
            assert answer.status == status, path


async def test_a_page_whose_person_signed_out_elsewhere_says_so_and_leads_back(live: Live, cast: Cast) -> None:
    async with browser.chromium() as chromium:
        ada = await followed(chromium, live, cast.ada, "/me/activity/")
        other = await ada.page.context.new_page()
        await other.goto("/")
        await other.get_by_role("button", name="Sign out").click()
        await until_state(ada, "refused-4401")
        link = ada.page.get_by_role("link", name="Sign in again")
        assert await link.get_attribute("href") == "/accounts/login/?next=/me/activity/"
        assert "You are signed out." in await ada.page.locator(".feed-status").inner_text()
        assert not await ada.page.get_by_role("button", name="Pause", exact=True).is_visible()
        await link.click()
        await ada.page.get_by_label("User name").wait_for()


async def test_while_paused_rows_stand_still_and_the_page_counts_what_waits(live: Live, cast: Cast) -> None:
    async with browser.chromium() as chromium:
        grace = await followed(chromium, live, cast.grace)
        await watch(live, cast.ada, cast.bernoulli)
        await until_names(grace, "Ada Lovelace")

        await grace.page.get_by_role("button", name="Pause", exact=True).click()
        await watch(live, cast.bob, cast.bernoulli)
        await grace.page.get_by_role("button", name="1 new entry").wait_for()
        await attempt_exam(cast.bob, cast.algorithms, 80.0)
        await grace.page.get_by_role("button", name="2 new entries").wait_for()
        assert await names(grace) == ["Ada Lovelace"]

        await grace.page.get_by_role("button", name="2 new entries").click()
        await until_names(grace, "Bob Moog", "Bob Moog", "Ada Lovelace")
        await attempt_exam(cast.ada, cast.algorithms, 90.0)  # still paused
        await grace.page.get_by_role("button", name="1 new entry").wait_for()
        assert len(await names(grace)) == 3

        await grace.page.get_by_role("button", name="Go on").click()
        await until_names(grace, "Ada Lovelace", "Bob Moog", "Bob Moog", "Ada Lovelace")
        await grace.page.locator("[data-waiting]").wait_for(state="hidden")
        assert grace.errors == []


async def test_a_fresh_row_is_lit_and_the_light_fades(live: Live, cast: Cast) -> None:
    async with browser.chromium() as chromium:
        grace = await followed(chromium, live, cast.grace)
        await watch(live, cast.ada, cast.bernoulli)
        row = await shown(grace, "progress_update")
        assert await row.evaluate("(row) => getComputedStyle(row).animationName") == "arrive"
        await grace.page.wait_for_function(FADED)
        ground = await row.evaluate("(row) => getComputedStyle(row).backgroundColor")
        assert ground == "rgba(0, 0, 0, 0)"


async def test_filters_of_the_address_hold_for_live_rows_too(live: Live, cast: Cast) -> None:
    async with browser.chromium() as chromium:
        all = await followed(chromium, live, cast.admin)
        only_bob = await followed(chromium, live, cast.admin, "/dashboard/students/?q=bob")
        await watch(live, cast.ada, cast.bernoulli)
        await watch(live, cast.bob, cast.bernoulli)
        await until_names(all, "Bob Moog", "Ada Lovelace")
        await until_names(only_bob, "Bob Moog")  # told after ada's, in the same history
        await only_bob.page.reload()
        assert await names(only_bob) == ["Bob Moog"]
        assert await only_bob.page.get_by_label("Search").input_value() == "bob"


async def test_older_entries_are_a_link_that_works_without_javascript(live: Live, cast: Cast) -> None:
    await attempt_exam(cast.ada, cast.algorithms, *[float(score) for score in range(30, 85)])
    async with browser.chromium() as chromium:
        grace = await browser.window(chromium, live, cast.grace, java_script_enabled=False)
        rows = grace.page.locator("#activity-feed > li")
        await grace.page.goto("/dashboard/students/?type=exam_attempt")
        newest = [await row.get_attribute("data-entry-id") for row in await rows.all()]
        assert len(newest) == 50
        assert "minute ago" in await rows.nth(1).locator("time").inner_text()
        await grace.page.locator("noscript > .notice").wait_for()
        assert not await grace.page.get_by_text("Connecting").is_visible()  # it never will
        assert not await grace.page.get_by_role("button", name="Pause", exact=True).is_visible()

        await grace.page.get_by_role("link", name="Older entries").click()
        await grace.page.get_by_text("You are looking at older entries").wait_for()
        older = [await row.get_attribute("data-entry-id") for row in await rows.all()]
        assert len({*newest, *older}) == len(newest) + len(older) == 55
        assert not await grace.page.get_by_role("link", name="Older entries").is_visible()
        await grace.page.get_by_role("link", name="Back to now").click()
        await grace.page.wait_for_url("**/dashboard/students/?type=exam_attempt")
        assert await rows.count() == 50


async def test_older_entries_come_to_the_page_which_stays_live(live: Live, cast: Cast) -> None:
    await attempt_exam(cast.ada, cast.algorithms, *[float(score) for score in range(30, 85)])
    async with browser.chromium() as chromium:
        grace = await followed(chromium, live, cast.grace)
        rows = grace.page.locator("#activity-feed > li")
        assert await rows.count() == 50
        link = grace.page.get_by_role("link", name="Older entries")
        await link.dispatch_event("click")  # without the scrolling, which brings them too
        await rows.nth(54).wait_for()
        await link.wait_for(state="hidden")
        assert grace.page.url.endswith("/dashboard/students/")
        await grace.page.evaluate("() => window.scrollTo(0, 0)")
        await watch(live, cast.bob, cast.bernoulli)
        await until_names(grace, "Bob Moog", *["Ada Lovelace"] * 55)
        assert grace.errors == []


async def test_after_a_reset_the_page_takes_a_snapshot_and_goes_on_live(live: Live, cast: Cast) -> None:
    async with browser.chromium() as chromium:
        admin = await followed(chromium, live, cast.admin)
        await watch(live, cast.ada, cast.bernoulli)
        await until_names(admin, "Ada Lovelace")

        cast.ada.last_name = "King"
        await sync_to_async(school.save_person)(cast.ada)
        await until_names(admin, "Ada King")
        await until_state(admin, "live")
        await watch(live, cast.bob, cast.bernoulli)
        await until_names(admin, "Bob Moog", "Ada King")

        await histories().begin_epochs(["feed.all"], reason="history_lost")
        await until(lambda: len(admin.heard("subscribed")) >= 3)
        await watch(live, cast.eve, cast.mosses)
        await until_names(admin, "Eve Curie", "Bob Moog", "Ada King")
        assert [frame["reason"] for _, frame in admin.heard("reset")] == ["renamed", "history_lost"]
        assert len([asked for asked in admin.requests if "/api/feed/" in asked]) == 2
        assert admin.sockets == 1
        assert admin.errors == []


async def test_a_withdrawn_row_goes_at_once_even_while_the_page_is_paused(live: Live, cast: Cast) -> None:
    async with browser.chromium() as chromium:
        admin = await followed(chromium, live, cast.admin)
        paused = await followed(chromium, live, cast.admin)
        await watch(live, cast.eve, cast.mosses)
        await watch(live, cast.ada, cast.bernoulli)
        for window in (admin, paused):
            await until_names(window, "Ada Lovelace", "Eve Curie")
        await paused.page.get_by_role("button", name="Pause", exact=True).click()
        await sync_to_async(school.remove_lessons)(Lesson.objects.filter(pk=cast.bernoulli.pk))
        for window in (admin, paused):
            await until_names(window, "Eve Curie")
            assert window.errors == []


async def test_rows_that_came_live_are_the_rows_of_a_reload(live: Live, cast: Cast) -> None:
    def timeless(rows: dict[str, str]) -> dict[str, str]:
        return {id: re.sub(r"(<time[^>]*>)[^<]*", r"\1", markup) for id, markup in rows.items()}

    async with browser.chromium() as chromium:
        grace = await followed(chromium, live, cast.grace)
        await attempt_exam(cast.ada, cast.algorithms, 48.0, 92.5)
        await certify(cast.ada, cast.algorithms)
        await watch(live, cast.bob, cast.bernoulli, to=55.5)
        await watch(live, cast.ada, cast.bernoulli, to=100)
        for type in ("lesson_completed", "exam_attempt", "certification_issued", "progress_update"):
            await shown(grace, type)
        await until_names(grace, *["Ada Lovelace"] * 2, "Bob Moog", *["Ada Lovelace"] * 3)
        came = timeless(await grace.page.evaluate(MARKUP))
        await grace.page.reload()
        await until_state(grace, "live")
        assert timeless(await grace.page.evaluate(MARKUP)) == came


async def withdraw(by: User, attempt: ExamAttempt) -> None:
    """Take an attempt back, as the admin site does."""
    await sync_to_async(corrections.withdraw_exam_attempt)(Author.of(by, "It was a trial."), attempt.pk)


async def until_as_fresh(live: Live, viewer: User, where: browser.Window) -> None:
    """Wait until the page shows what a fresh snapshot of its length has."""
    fresh = [entry["id"] for entry in (await live.snapshot(viewer, limit=10))["entries"]]

    async def rows() -> list[str]:
        ids: list[str] = await where.page.evaluate(
            "() => [...document.querySelectorAll('#activity-feed > li')].map((row) => row.dataset.entryId)"
        )
        return ids

    async with asyncio.timeout(WITHIN):
        while (found := await rows()) != fresh:
            await asyncio.sleep(0.05)
    assert found == fresh


async def test_a_list_that_loses_rows_one_after_the_other_is_full_again(live: Live, cast: Cast) -> None:
    await attempt_exam(cast.ada, cast.algorithms, *[40.0] * 13)
    newest = [attempt async for attempt in ExamAttempt.objects.order_by("-submitted_at")]
    async with browser.chromium() as chromium:
        admin = await followed(chromium, live, cast.admin, "/dashboard/")
        answered, go = asyncio.Event(), asyncio.Event()

        async def hold(route: Route) -> None:
            response = await route.fetch()
            answered.set()
            await go.wait()
            await route.fulfill(response=response)

        await admin.page.route("**/api/feed/?*", hold)
        await withdraw(cast.admin, newest[0])
        await answered.wait()  # what fills the gap is on the way, and still has the second one
        await withdraw(cast.admin, newest[1])
        await until(lambda: len(admin.heard("withdrawn")) == 2)
        go.set()
        await until_as_fresh(live, cast.admin, admin)


async def test_a_withdrawn_row_does_not_come_back_with_an_answer_from_before(live: Live, cast: Cast) -> None:
    await attempt_exam(cast.ada, cast.algorithms, *[40.0] * 13)
    newest = [attempt async for attempt in ExamAttempt.objects.order_by("-submitted_at")]
    async with browser.chromium() as chromium:
        admin = await followed(chromium, live, cast.admin, "/dashboard/")
        before = await (await live.http(cast.admin)).get("/api/feed/", params={"limit": 10})
        asked = []

        async def answer(route: Route) -> None:
            asked.append(route.request.url)
            if len(asked) == 1:  # the answer of a query that was under way already (feed.single_flight)
                await route.fulfill(body=before.text, content_type="application/json")
            else:
                await route.continue_()

        await admin.page.route("**/api/feed/?*", answer)
        await withdraw(cast.admin, newest[0])
        await until(lambda: len(asked) >= 2, what="another answer")
        await until_as_fresh(live, cast.admin, admin)


async def test_a_gap_that_could_not_be_filled_is_filled_once_the_page_is_live_again(live: Live, cast: Cast) -> None:
    await attempt_exam(cast.ada, cast.algorithms, *[40.0] * 12)
    newest = [attempt async for attempt in ExamAttempt.objects.order_by("-submitted_at")]
    async with browser.chromium() as chromium:
        admin = await browser.window(chromium, live, cast.admin)
        sockets: list[WebSocketRoute] = []

        def connect(socket: WebSocketRoute) -> None:
            socket.connect_to_server()
            sockets.append(socket)

        failed: list[str] = []

        async def fail(route: Route) -> None:
            failed.append(route.request.url)
            await route.abort()

        await admin.page.route_web_socket("**/ws/feed/", connect)
        await admin.page.goto("/dashboard/")
        await until_state(admin, "live")
        await admin.page.route("**/api/feed/?*", fail)
        await withdraw(cast.admin, newest[0])
        await until(lambda: failed, what="a question that fails")
        await admin.page.unroute("**/api/feed/?*")
        await sockets[-1].close(code=1012)
        await until_as_fresh(live, cast.admin, admin)
        assert len(sockets) == 2
