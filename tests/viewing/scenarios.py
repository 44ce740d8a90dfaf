"""What a student may do with a film. Each scenario returns the spans that it meant to play."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from progress.models import Outbox
from tests.viewing.film import Film
from tests.viewing.truth import Span

Scenario = Callable[[Film], Awaitable[list[Span]]]

HIDE = """(state) => {
    Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
    Object.defineProperty(document, "hidden", { value: state === "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
}"""


async def straight_through(film: Film) -> list[Span]:
    """From the beginning to the end."""
    viewing = await film.open()
    await viewing.play_out()
    return [(0, film.duration)]


async def seek_to_the_end(film: Film) -> list[Span]:
    """Only what is played after the seek counts."""
    viewing = await film.open()
    await viewing.seek(film.duration * 0.75)
    await viewing.play_out()
    return [(film.duration * 0.75, film.duration)]


async def skip_while_it_plays(film: Film) -> list[Span]:
    """What is played before and after counts, and nothing between."""
    viewing = await film.open()
    await viewing.play()
    await viewing.until(film.duration * 0.2)
    left = await viewing.seek(film.duration * 0.6)
    await viewing.until(film.duration * 0.8)
    return [(0, left), (film.duration * 0.6, await viewing.pause())]


async def rewatch_three_times(film: Film) -> list[Span]:
    """The same third, three times, counts once."""
    viewing = await film.open()
    farthest = 0.0
    for _ in range(3):
        await viewing.seek(0)
        farthest = max(farthest, await viewing.play_until(film.duration / 3))
    return [(0, farthest)]


async def double_speed(film: Film) -> list[Span]:
    """Seconds of the film count, not those of the wall."""
    viewing = await film.open()
    await viewing.speed(2)
    await viewing.play_out()
    return [(0, film.duration)]


async def resume_the_next_day(film: Film) -> list[Span]:
    """Another browser, a day later, begins where the student left."""
    first = await film.open()
    left = await first.play_until(film.duration / 2)
    await first.saved()
    await first.window.page.context.close()
    film.viewings.remove(first)
    await film.pass_time(timedelta(days=1))

    second = await film.open()
    await second.window.page.wait_for_function(
        "(left) => Math.abs(document.querySelector('video').currentTime - left) < 0.05", arg=left
    )
    await second.play_out()
    return [(0, film.duration)]


async def two_tabs_same_part(film: Film) -> list[Span]:
    """Both play all of it: it counts once, and is completed once."""
    context = await film.context()
    one, other = await film.open(context), await film.open(context)
    await one.play()
    await other.play()
    await one.until_over()
    await other.until_over()
    await one.saved()
    await other.saved()
    await completed_once(film)
    return [(0, film.duration)]


async def two_tabs_different_parts(film: Film) -> list[Span]:
    """One plays the first half, the other the second: both count, and it is completed once."""
    context = await film.context()
    one, other = await film.open(context), await film.open(context)
    await other.seek(film.duration / 2)
    await one.play()
    await other.play()
    await one.until(film.duration / 2)
    await one.pause()
    await other.until_over()
    await one.saved()
    await other.saved()
    await completed_once(film)
    return [(0, film.duration)]


async def completed_once(film: Film) -> None:
    """The completion is stored, and was told once."""
    row = await film.row()
    assert row.completed
    assert await Outbox.objects.filter(kind=Outbox.Kind.LESSON_COMPLETED, object_id=row.pk).acount() == 1


async def hidden_tab(film: Film) -> list[Span]:
    """What plays unseen was played all the same.

    A headless Chromium that playwright drives never hides a page: with another one in front, or its window
    minimised, it stays "visible". So the page is told that it is hidden, as a browser would tell it. What one with a
    screen does besides is not tried here: it slows timers down, and may stop a film without sound.
    """
    viewing = await film.open()
    await viewing.play()
    await viewing.until(film.duration / 3)
    await viewing.window.page.evaluate(HIDE, "hidden")
    await viewing.until(film.duration * 2 / 3)
    await viewing.window.page.evaluate(HIDE, "visible")
    await viewing.until_over()
    return [(0, film.duration)]


async def offline_in_the_middle(film: Film) -> list[Span]:
    """The network is gone for the middle third; all of it is delivered when it is back."""
    viewing = await film.open()
    context = viewing.window.page.context
    await viewing.play()
    await viewing.has_all()
    await viewing.until(film.duration / 3)
    await film.offline(context)
    await viewing.until(film.duration * 2 / 3)
    before = (await film.row()).video_watch_percentage
    assert before <= 40, f"{before} % came through a cable that is cut"
    await film.online(context)
    await viewing.until_over()
    await viewing.saved()
    assert viewing.window.sockets > 1, "the socket never fell"
    return [(0, film.duration)]


async def closed_while_offline(film: Film) -> list[Span]:
    """The tab is closed with no network; the next visit delivers what was not acked."""
    viewing = await film.open()
    context = viewing.window.page.context
    await viewing.play()
    await viewing.has_all()
    await viewing.until(film.duration / 3)
    await film.offline(context)
    await viewing.until(film.duration * 2 / 3)
    left = await viewing.place()
    await viewing.window.page.close()
    film.viewings.remove(viewing)
    await something_is_left(film)
    await film.online(context)
    await film.open(context)
    return [(0, left)]


async def crashed(film: Film) -> list[Span]:
    """The page's process dies while it plays; the next visit delivers what was not acked."""
    viewing = await film.open()
    context = viewing.window.page.context
    await viewing.play()
    await viewing.until(film.duration * 0.55)  # some seconds after the last report, whatever its length
    left = await viewing.place()
    await viewing.crash()
    film.viewings.remove(viewing)
    await something_is_left(film)
    await film.open(context)
    return [(0, left)]


async def something_is_left(film: Film) -> None:
    """See that the server does not know all of it yet."""
    stored, played = (await film.row()).video_watch_percentage, film.truth.percentage(film.duration)
    assert stored < played - 2, f"{stored} % stored of {played} % played: nothing is left to deliver"


async def slept_for_an_hour(film: Film) -> list[Span]:
    """The machine sleeps while the film plays: the clocks of page and server go on for an hour, the film does not."""
    context = await film.context()
    await context.clock.install()
    viewing = await film.open(context)
    await viewing.play()
    await viewing.until(film.duration / 3)
    fell_asleep = await viewing.window.page.evaluate("performance.now()")
    await context.clock.fast_forward(3_600_000)
    assert await viewing.window.page.evaluate("performance.now()") - fell_asleep >= 3_600_000
    await film.pass_time(timedelta(hours=1))
    await viewing.until(film.duration * 2 / 3)
    return [(0, await viewing.pause())]


async def film_is_missing(film: Film) -> list[Span]:
    """Nothing is there to play, and the page says so."""
    return await broken(film, status=404, body="")


async def film_is_broken(film: Film) -> list[Span]:
    """What is there is no film, and the page says so."""
    return await broken(film, status=200, body="no film " * 1000)


async def broken(film: Film, *, status: int, body: str) -> list[Span]:
    """A visit to a page whose film cannot be played."""
    # The browser tells of what was not found, and video.js of what it cannot play.
    film.expected += ["Failed to load resource", "VIDEOJS:"]
    context = await film.context()
    await context.route(
        f"**{film.path}video/",
        lambda route: route.fulfill(status=status, body=body, headers={"Content-Type": "video/mp4"}),
    )
    viewing = await film.open(context)
    await viewing.play()
    await viewing.window.page.get_by_role("alert").get_by_text("The video cannot be played").wait_for()
    return []


SCENARIOS: list[Scenario] = [
    straight_through,
    seek_to_the_end,
    skip_while_it_plays,
    rewatch_three_times,
    double_speed,
    resume_the_next_day,
    two_tabs_same_part,
    two_tabs_different_parts,
    hidden_tab,
    offline_in_the_middle,
    closed_while_offline,
    crashed,
    slept_for_an_hour,
    film_is_missing,
    film_is_broken,
]
