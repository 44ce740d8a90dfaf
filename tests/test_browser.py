"""The main job in real browsers: a student watches, and whoever teaches sees it by itself."""

from __future__ import annotations

from typing import Any

from tests import browser
from tests.conftest import Cast
from tests.live import Live, until

OBSERVE = """() => {
    window.shownAt = {};
    const look = () => document.querySelectorAll("#activity-feed > li").forEach((row) => {
        const name = row.dataset.entryId;
        window.shownAt[name] ??= Date.now() / 1000;
    });
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
}"""
ROWS = "[...document.querySelectorAll('#activity-feed > li')].map((row) => [row.dataset.entryId, row.dataset.type])"
PLAY = "() => { const video = document.querySelector('video'); video.muted = true; return video.play(); }"


async def shown(window: browser.Window, type: str) -> Any:
    """Wait until a row of a type is in the list and return the row."""
    row = window.page.locator(f'#activity-feed > li[data-type="{type}"]').first
    await row.wait_for(state="attached", timeout=30_000)
    return row


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
