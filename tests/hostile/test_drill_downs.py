"""The pages of one student and of one course, and confirming by hand, with hostile text in every field."""

from __future__ import annotations

from asgiref.sync import sync_to_async

from progress.models import Correction, Enrollment
from tests import browser
from tests.cast import Cast
from tests.hostile import stage
from tests.hostile.corpus import CORPUS
from tests.hostile.parsed import assert_one_skeleton, fetched, read
from tests.hostile.test_pages import EVERYBODY, WORST, name
from tests.hostile.watch import Watched, as_parsed
from tests.live import Live


async def test_drill_downs_are_built_alike_whatever_names_titles_and_reasons_are(live: Live, cast: Cast) -> None:
    told = await sync_to_async(stage.put)(cast)
    await sync_to_async(stage.tell)("certification_issued", told, EVERYBODY)
    await sync_to_async(stage.correct)(told)
    await Correction.objects.aupdate(kind=Correction.Kind.ATTEMPT_WITHDRAWN)
    texts = [as_parsed(text) for text in CORPUS]
    kinds = {"student": EVERYBODY[::4], "course": EVERYBODY[1::4]}
    paths = {
        "student": lambda n: f"/dashboard/students/{told.people[n].pk}/",
        "course": lambda n: f"/dashboard/courses/course-{n}/",
    }
    expected = {
        # Head; course and lesson, and the lesson again for whoever hears the button; the correction; the feed.
        "student": lambda n: ["Site Admin", name(n), *[texts[n]] * 4, *[texts[n]] * 3, name(n), texts[n]],
        "course": lambda n: ["Site Admin", *[texts[n]] * 3],
    }
    asked = [(kind, n) for kind, numbers in kinds.items() for n in numbers]
    html = await fetched(live, [(cast.admin, paths[kind](n)) for kind, n in asked])
    async with browser.chromium() as chromium:
        watched = await Watched.open(chromium, live, None)
        await watched.page.goto("/accounts/login/")
        found = await read(watched.page, html)
        for kind in kinds:
            alike = [(n, each) for (of, n), each in zip(asked, found, strict=True) if of == kind]
            assert_one_skeleton([each for _, each in alike])
            assert [each["texts"] for _, each in alike] == [expected[kind](n) for n, _ in alike], kind


async def test_drill_downs_full_of_hostile_text_run_nothing_and_keep_their_layout(live: Live, cast: Cast) -> None:
    told = await sync_to_async(stage.put)(cast)
    await Enrollment.objects.abulk_create(Enrollment(user=each, course=told.crowd) for each in told.people)
    await sync_to_async(stage.tell)("progress_update", told, EVERYBODY)
    texts = [as_parsed(text) for text in CORPUS]
    async with browser.chromium() as chromium:
        admin = await Watched.open(chromium, live, cast.admin)
        await admin.page.goto("/dashboard/courses/crowd/")
        assert await admin.texts(".funnel tbody bdi") == texts
        assert await admin.texts(".standing bdi") == [name(number) for number in EVERYBODY]
        await admin.assert_harmless()
        for number in WORST:
            student = f"/dashboard/students/{told.people[number].pk}/"
            await admin.page.goto(student)
            assert await admin.texts("h1") == [name(number)]
            await admin.assert_harmless()
            lesson = told.lessons[number].pk
            await admin.page.goto(f"{student}lessons/{lesson}/confirm/")
            await admin.page.locator("#reason").fill(CORPUS[number])
            await admin.page.get_by_role("button", name="Go on").click()
            await admin.page.locator("[name=sure]").wait_for(state="attached")
            assert texts[number] in await admin.texts(".confirm-form bdi")
            await admin.assert_harmless()
            await admin.page.get_by_role("button", name="Yes, confirm it").click()
            await admin.page.wait_for_url(f"**{student}#lesson-{lesson}")
            assert texts[number].strip() in [text.strip() for text in await admin.texts(".correction bdi")]
            await admin.assert_harmless()
