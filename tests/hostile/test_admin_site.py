"""The admin site with hostile text: no policy guards these pages yet, so whatever became markup would run."""

from __future__ import annotations

from asgiref.sync import sync_to_async

from progress.models import Correction, UserProgress
from tests import browser
from tests.cast import Cast
from tests.hostile import stage
from tests.hostile.corpus import CORPUS, HANDLERS, SHAPES
from tests.hostile.watch import Watched, as_parsed
from tests.live import Live

LISTS = (
    "user",
    "course",
    "lesson",
    "enrollment",
    "userprogress",
    "exam",
    "examattempt",
    "lessonquiz",
    "question",
    "certification",
    "correction",
)

LONG = ("correction",)
"""Of these every page is looked at; of the others the first, with a hundred texts."""


async def test_lists_forms_and_reports_show_hostile_text_and_run_nothing(live: Live, cast: Cast) -> None:
    told = await sync_to_async(stage.put)(cast)
    everybody = range(len(CORPUS))
    for kind in ("progress_update", "exam_attempt", "certification_issued"):
        await sync_to_async(stage.tell)(kind, told, everybody)
    await sync_to_async(stage.correct)(told)
    one = CORPUS.index(HANDLERS[0])
    row = await UserProgress.objects.aget(user=told.people[one])
    correction = await Correction.objects.aget(user=told.people[one])
    async with browser.chromium() as chromium:
        admin = await Watched.open(chromium, live, cast.admin)
        shown = set()
        for name in LISTS:
            for page in range(1, 4 if name in LONG else 2):
                await admin.page.goto(f"/admin/progress/{name}/?p={page}")
                assert await admin.page.locator("#result_list tbody tr").count() > 0
                assert await admin.said() == [], name
                shown |= set(await admin.texts("#result_list .field-reason"))
        assert shown >= {as_parsed(text) for text in CORPUS if text.strip() == text}

        for place in (
            f"user/{told.people[one].pk}/change/",
            f"user/{told.people[one].pk}/history/",
            f"user/{told.people[one].pk}/delete/",
            f"course/{told.courses[one].pk}/change/",
            f"lesson/{told.lessons[one].pk}/change/",
            f"userprogress/{row.pk}/change/",
            f"correction/{correction.pk}/change/",
            "enrollment/add/",
        ):
            await admin.page.goto(f"/admin/progress/{place}")
            assert await admin.said() == [], place


async def test_our_own_pages_of_the_admin_site_keep_their_layout(live: Live, cast: Cast) -> None:
    told = await sync_to_async(stage.put)(cast)
    await sync_to_async(stage.tell)("progress_update", told, range(150))
    rows = ['"' + '","'.join([text.replace('"', '""')] * 6) + '"' for text in (*CORPUS, SHAPES[4] * 2)]
    lines = ["username,first_name,last_name,email,role,course", *rows]
    async with browser.chromium() as chromium:
        admin = await Watched.open(chromium, live, cast.admin)
        await admin.page.goto("/admin/progress/user/import/")
        csv = {"name": "people.csv", "mimeType": "text/csv", "buffer": "\r\n".join(lines).encode()}
        await admin.page.locator("input[type=file]").set_input_files(csv)  # type: ignore[arg-type]
        await admin.page.locator("input[value='Look at the file']").click()
        await admin.page.locator(".errornote").first.wait_for()
        assert await admin.page.locator("tbody tr").count() > 100
        await admin.assert_harmless()

        await admin.page.goto("/admin/progress/userprogress/?all=")
        await admin.page.locator("#action-toggle").check()
        await admin.page.locator("select[name=action]").first.select_option("confirm_rows")
        await admin.page.locator("button[name=index]").first.click()
        await admin.page.locator("textarea[name=reason]").wait_for()
        assert len(await admin.texts("#content li bdi")) == 150
        await admin.assert_harmless()
