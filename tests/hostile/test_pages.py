"""The pages of students with hostile text in a real browser: courses, lessons, papers, certificates, what is kept."""

from __future__ import annotations

import json
import re

from asgiref.sync import sync_to_async
from django.core.files.base import ContentFile

from progress.models import Certification, LessonQuiz, UserProgress
from tests import browser
from tests.cast import Cast
from tests.hostile import stage
from tests.hostile.corpus import CORPUS, SHAPES
from tests.hostile.parsed import assert_one_skeleton, fetched, read
from tests.hostile.watch import Watched, as_parsed
from tests.live import Live, until

EVERYBODY = range(len(CORPUS))
WORST = [CORPUS.index(text) for text in (SHAPES[2], SHAPES[4])]
"""Marks piled up, and a word as long as the field: each alone on a page."""

CUES = """async () => {
  const [track] = document.querySelector("video").textTracks;
  track.mode = "showing";
  for (let round = 0; !track.cues?.length && round < 200; round += 1) await new Promise((go) => setTimeout(go, 20));
  const shown = [...track.cues].map((cue) => cue.getCueAsHTML());
  return shown.flatMap((cue) => [...cue.querySelectorAll("*")].map((element) => element.localName));
}"""


def name(number: int) -> str:
    """A person's name as pages have it."""
    return as_parsed(CORPUS[number].strip() or CORPUS[number])


def in_one_line(text: str) -> str:
    """A text as the title of a document has it."""
    return re.sub("[\x00-\x20\x7f]+", " ", text).strip()


async def test_a_page_is_built_alike_whatever_its_names_and_titles_are(live: Live, cast: Cast) -> None:
    told = await sync_to_async(stage.put)(cast)
    await sync_to_async(stage.tell)("certification_issued", told, EVERYBODY)
    ids = [each.certificate_id async for each in Certification.objects.order_by("issued_at")]
    texts = [as_parsed(text) for text in CORPUS]
    lesson = {n: f"/courses/course-{n}/lesson-{n}/" for n in EVERYBODY}
    pages = {
        "lesson": (lambda n: lesson[n], lambda n: [name(n), texts[n], texts[n], texts[n]]),
        "quiz": (lambda n: f"{lesson[n]}quiz/", lambda n: [name(n), texts[n], texts[n], texts[n]]),
        "exam": (lambda n: f"/courses/course-{n}/exam/", lambda n: [name(n), texts[n], texts[n]]),
        "certificate": (lambda n: f"/certificates/{ids[n]}/", lambda n: [name(n), name(n), texts[n]]),
    }
    # Papers, whose heads are alike, and certificates take turns.
    numbers = {"lesson": EVERYBODY, "quiz": EVERYBODY[::2], "exam": EVERYBODY[1::2], "certificate": EVERYBODY[::2]}
    asked = [(kind, n) for kind in pages for n in numbers[kind]]
    html = await fetched(live, [(told.people[n], pages[kind][0](n)) for kind, n in asked])
    async with browser.chromium() as chromium:
        watched = await Watched.open(chromium, live, None)
        await watched.page.goto("/accounts/login/")
        found = await read(watched.page, html)
        for kind, (_, expected) in pages.items():
            alike = [(n, each) for (of, n), each in zip(asked, found, strict=True) if of == kind]
            assert_one_skeleton([each for _, each in alike])
            assert [each["texts"] for _, each in alike] == [expected(n) for n, _ in alike], kind
        titles = [in_one_line(each["title"]) for each in found[: len(CORPUS)]]
        assert titles == [in_one_line(f"{text} · {text}") for text in CORPUS]
        assert await watched.said() == []


async def test_pages_full_of_hostile_text_run_nothing_and_keep_their_layout(live: Live, cast: Cast) -> None:
    told = await sync_to_async(stage.put)(cast)
    await sync_to_async(stage.tell)("progress_update", told, EVERYBODY)
    await sync_to_async(stage.tell)("certification_issued", told, EVERYBODY)
    texts = [as_parsed(text) for text in CORPUS]
    async with browser.chromium() as chromium:
        ada = await Watched.open(chromium, live, cast.ada)
        for address, selector, expected in (
            ("/", ".course h2", [*texts, "Crowd", "Algorithms"]),
            ("/courses/crowd/", ".syllabus h3", texts),
            ("/courses/crowd/lesson-0/", ".lesson-title", texts),
            ("/courses/crowd/lesson-0/quiz/", "legend", texts),
            ("/courses/crowd/exam/", "legend", texts),
        ):
            await ada.page.goto(address)
            if await ada.page.locator("form.card button:text('Start the exam')").count():
                await ada.page.locator("form.card button").click()
                await ada.page.locator("legend").first.wait_for(state="attached")
            assert sorted(await ada.texts(selector)) == sorted(expected)
            await ada.assert_harmless()

        admin = await Watched.open(chromium, live, cast.admin)
        await admin.page.goto("/dashboard/")
        assert set(await admin.texts("h3")) >= set(texts)
        assert len(await admin.texts(".suspicions strong")) == 10
        await admin.assert_harmless()
        # The panel has room for ten.
        for first in range(0, 110, 10):
            await UserProgress.objects.exclude(suspicious="").aupdate(suspicious="")
            people = [told.people[number] for number in EVERYBODY[first : first + 10]]
            rows = [await UserProgress.objects.filter(user=each).order_by("pk").afirst() for each in people]
            looked_at = UserProgress.objects.filter(pk__in=[row.pk for row in rows if row])
            assert await looked_at.aupdate(suspicious="It outran the clock.") == 10
            await admin.page.reload()
            assert len(await admin.texts(".suspicions strong")) == 10
            assert await admin.said() == []

        for number in WORST:
            alone = await Watched.open(chromium, live, told.people[number])
            certificate = await Certification.objects.aget(user=told.people[number])
            lesson = told.lessons[number].slug
            course = f"/courses/course-{number}/"
            for address in (course, f"{course}{lesson}/", f"{course}exam/", "/me/activity/"):
                await alone.page.goto(address)
                assert await alone.texts(".person-name") == [name(number)]
                await alone.assert_harmless()
            await alone.page.goto(f"/certificates/{certificate.certificate_id}/")
            assert await alone.page.title() == f"Certificate of {name(number)}"
            await alone.assert_harmless()


async def test_captions_make_only_what_captions_have_and_kept_ticks_are_data(live: Live, cast: Cast) -> None:
    lesson = await browser.add_lesson(cast.algorithms, title="Captioned", seconds=2)
    cues = [text.replace("-->", "-- >") for text in CORPUS if "\n" not in text and "\r" not in text]
    style = "STYLE\n::cue { background: url(//127.0.0.1:9/x) } </style><script>__ran()</script>\n"
    vtt = "\n\n".join(["WEBVTT", style, *(f"00:00.000 --> 00:01.900\n{text}" for text in cues)])
    await sync_to_async(lesson.captions.save)("hostile.vtt", ContentFile(vtt.encode()))
    async with browser.chromium() as chromium:
        ada = await Watched.open(chromium, live, cast.ada)
        await ada.page.goto(f"/courses/algorithms/{lesson.slug}/")
        made = await ada.page.evaluate(CUES)
        assert set(made) <= {"b", "i", "u", "c", "v", "span", "ruby", "rt"}
        await ada.page.evaluate(browser.PLAY)
        await until(lambda: ada.window.heard("ack"))
        await ada.assert_harmless()

        kept = {
            f"ticks:{cast.ada.pk}:{lesson.pk}:{text}": json.dumps(
                [{"id": text, "player": text, "watch_percentage": text, "timestamp": 1, "segments": [], text: text}]
            )
            for text in CORPUS[::2]
        }
        await ada.page.evaluate("(kept) => Object.assign(localStorage, kept)", kept)
        await ada.page.reload()
        await until(lambda: sum("status of 422" in each for each in ada.window.errors) == len(kept))
        ada.window.errors = [each for each in ada.window.errors if "status of 422" not in each]
        await ada.page.locator("[data-saved='dropped']").wait_for()
        await ada.assert_harmless()


async def test_answers_that_this_device_has_kept_are_data_and_never_more(live: Live, cast: Cast) -> None:
    quiz = await LessonQuiz.objects.acreate(lesson=cast.bernoulli, title="Quiz")
    question = await quiz.questions.acreate(text="?")
    choice = await question.choices.acreate(text="!", correct=True)
    async with browser.chromium() as chromium:
        ada = await Watched.open(chromium, live, cast.ada)
        for text in CORPUS[::40]:
            await ada.page.goto("/courses/algorithms/bernoulli/quiz/")
            others = {each: each for each in CORPUS}
            chosen = {f"question-{question.pk}": str(choice.pk), **others, "__proto__": text}
            kept = {
                f"answers:{cast.ada.pk}:quiz-{quiz.pk}": json.dumps(
                    {"submission": text, "answers": chosen, "at": 9e15}
                ),
                **{f"answers:{cast.ada.pk}:{each}": each for each in CORPUS},
            }
            await ada.page.evaluate("(kept) => Object.assign(localStorage, kept)", kept)
            await ada.page.reload()
            await ada.page.locator("[data-restored]").wait_for()
            assert await ada.page.locator("input[name=submission]").input_value() == text.replace("\n", "")
            assert await ada.said() == []


async def test_a_player_named_with_code_is_a_name(live: Live, cast: Cast) -> None:
    async with live.player(cast.ada, cast.bernoulli) as player:
        for number, text in enumerate(CORPUS, start=1):
            await player.tell({"type": "progress", "id": number, "player": text, "watch_percentage": 5, "timestamp": 5})
            if number % 15 == 0:  # twenty wrong ones in a row would end it
                await player.tell({"type": "progress", "id": number, "watch_percentage": 5, "timestamp": 5})
        await until(lambda: len(player.of("ack")) + len(player.of("error")) >= len(CORPUS))
        assert {frame["code"] for frame in player.of("error")} == {"invalid_player"}
    row = await UserProgress.objects.aget(user=cast.ada)
    async with browser.chromium() as chromium:
        admin = await Watched.open(chromium, live, cast.admin)
        await admin.page.goto(f"/admin/progress/userprogress/{row.pk}/change/")
        stored = [player for player, _ in row.players]
        assert stored
        assert set(stored) <= set(CORPUS)
        assert await admin.said() == []
