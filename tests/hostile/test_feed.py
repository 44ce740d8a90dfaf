"""The feed with hostile names and titles: rows that come live, and the same rows reloaded."""

from __future__ import annotations

from asgiref.sync import sync_to_async

from feed.entries import TYPES
from tests import browser
from tests.cast import Cast
from tests.hostile import stage
from tests.hostile.corpus import CORPUS
from tests.hostile.watch import Watched, as_parsed
from tests.live import Live

ROWS = 50  # of a page
WHOLE = ("progress_update",)  # reloaded with all older pages, of the others the newest

SHOWN = """() => [...document.querySelectorAll("#activity-feed > li")].map((row) => [
    row.dataset.entryId, [...row.querySelectorAll("bdi[data-slot]")].map((slot) => slot.textContent)])"""


def expected(type: str, number: int) -> list[str]:
    """The texts of a row."""
    text = CORPUS[number]
    name = text.strip() or text  # the full name has no space around it; where nothing is left, the user name has
    return {
        "progress_update": [name, text, "Crowd"],
        "lesson_completed": [name, text, text],
        "exam_attempt": [name, text],
        "certification_issued": [name, text],
    }[type]


async def test_a_row_shows_the_text_as_it_is_stored_live_and_reloaded(live: Live, cast: Cast) -> None:
    told = await sync_to_async(stage.put)(cast)
    tell = sync_to_async(stage.tell)
    slices = [range(start, min(start + ROWS, len(CORPUS))) for start in range(0, len(CORPUS), ROWS)]
    async with browser.chromium() as chromium:
        watched = await Watched.open(chromium, live, cast.admin, web=1)
        happened: dict[str, list[list[str]]] = {}
        for type in TYPES:
            await watched.page.goto(f"/dashboard/students/?type={type}")
            await browser.until_state(watched.window, "live")
            rows = happened.setdefault(type, [])
            for numbers in slices:
                ids = [f"{type}:{pk}" for pk in await tell(type, told, numbers)]
                new = [[id, expected(type, number)] for id, number in zip(ids, numbers, strict=True)]
                newest = new[::-1]
                await watched.page.wait_for_function(
                    "(id) => document.querySelector('#activity-feed > li')?.dataset.entryId === id", arg=ids[-1]
                )
                assert (await watched.page.evaluate(SHOWN))[: len(new)] == newest
                said = await watched.said()
                # The layout of one type with all texts, of the others with those that are made to break it.
                broken = await watched.broken() if type == "progress_update" or numbers is slices[-2] else []
                assert (said, broken) == ([], []), (type, said, broken)
                rows[:0] = newest

        for type in TYPES:
            address: str | None = f"/dashboard/students/?type={type}"
            seen = []
            while address and (not seen or type in WHOLE):
                await watched.page.goto(address)
                seen += await watched.page.evaluate(SHOWN)
                said = await watched.said()
                assert said == [], said
                address = await watched.page.evaluate("document.querySelector('[data-older]')?.getAttribute('href')")
            told_before = [[id, [as_parsed(text) for text in texts]] for id, texts in happened[type]]
            assert seen == told_before[: None if type in WHOLE else ROWS]
