"""The filtered history as CSV: the rows of the feed, harmless to spreadsheets, for whoever may see them."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import AsyncClient, Client
from django.utils import timezone
from django.utils.translation import override
from pytest_django import Settings

from feed import download
from feed.csv_lines import BYTE_ORDER_MARK, Lines, cell
from feed.query import get_student_activity_feed
from progress.models import Course, Disclosure, Exam, ExamAttempt, User
from progress.text import normalised
from tests.cast import Cast
from tests.hostile.corpus import CORPUS
from tests.live import WITHIN, Live

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
MANY = 12_000
"""More lines, of half a KB each, than the kernels hold for a client that reads nothing."""

ADDRESS = "/dashboard/students/csv/"

pytestmark = pytest.mark.django_db(transaction=True)


def attempts(cast: Cast, people: list[User]) -> None:
    """One exam of each of these people, a second apart."""
    exam, _ = Exam.objects.get_or_create(course=cast.algorithms, defaults={"title": "Exam"})
    now = timezone.now()
    ExamAttempt.objects.bulk_create(
        ExamAttempt(
            user=person,
            exam=exam,
            course=cast.algorithms,
            attempt_number=number,
            started_at=now - timedelta(hours=9),
            submitted_at=now - timedelta(seconds=number),
            score=80,
            passed=True,
        )
        for number, person in enumerate(people, start=1)
    )


def read(content: bytes) -> list[dict[str, str]]:
    """The lines of a file, by their columns."""
    text = content.decode()
    assert text.startswith(BYTE_ORDER_MARK)
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline=""), strict=True))


async def downloaded(client: AsyncClient, **filters: Any) -> list[dict[str, str]]:
    """What a browser saves."""
    answer: Any = await client.get(ADDRESS, filters)
    assert answer.status_code == 200
    content = b"".join([piece async for piece in answer.streaming_content])
    await sync_to_async(answer.close)()
    return read(content)


async def signed_in(person: User) -> AsyncClient:
    """A browser of this person's."""
    client = AsyncClient()
    await client.aforce_login(person)
    return client


@pytest.mark.parametrize(
    "text", [*FORMULAS, *(f" {sign}1+1" for sign in FORMULAS[:4]), '"=1+1', "\ufeff=1", "a;=1", "a\t@x"]
)
def test_what_would_be_a_formula_begins_with_an_apostrophe(text: str) -> None:
    safe = cell(text)
    assert safe != text
    assert safe.replace("'", "") == text
    for part in safe.replace("\t", ";").split(";"):
        assert not part.lstrip(' "\ufeff').startswith(FORMULAS)


@pytest.mark.parametrize("text", ["Ada Lovelace", "x=1", "2026-11-22", "a-b", "e@x.example", "", "Ünal, Çağla", "1; 2"])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert cell(text) == text


@pytest.mark.parametrize("text", CORPUS)
def test_no_hostile_text_begins_a_cell_that_acts(text: str) -> None:
    entry = {
        "id": "exam_attempt:1",
        "type": "exam_attempt",
        "timestamp": "2026-11-22T16:00:00.123456Z",
        "user": {"id": 1, "name": text},
        "course": {"id": 3, "slug": "x", "title": text},
        "lesson": None,
        "data": {"score": 80.5, "passed": False, "attempt_number": 1},
    }
    lines = Lines(ZoneInfo("Europe/Berlin"))
    [row] = read((lines.head() + lines.of([entry])).encode())
    assert row["Student"] == row["Course"] == cell(text)
    assert row["Student"].replace("'", "") == text.replace("'", "")
    assert not row["Student"].startswith(FORMULAS)
    assert (row["Score, in percent"], row["Passed"], row["Watched, in percent"]) == ("80.5", "no", "")
    assert (row["Moment (UTC)"], row["Time (Europe/Berlin)"]) == (entry["timestamp"], "2026-11-22 17:00:00")


async def test_the_rows_are_those_of_the_feed_over_several_pieces(
    cast: Cast, loop_services: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "PIECE", 100)
    people = await sync_to_async(User.objects.bulk_create)(
        User(username=f"{number}", first_name=text[:150], search_text=normalised(text))
        for number, text in enumerate(CORPUS)
    )
    await sync_to_async(attempts)(cast, [*people, cast.ada])
    grace = await signed_in(cast.grace)
    asked: list[dict[str, Any]] = [{}, {"q": "script"}, {"student": cast.ada.pk}, {"type": "lesson_completed"}]
    for filters in asked:
        wanted = await sync_to_async(get_student_activity_feed)(1000, viewer=cast.grace, **filters)
        rows = await downloaded(grace, **filters)
        assert [row["Entry"] for row in rows] == [entry["id"] for entry in wanted], filters
        assert [row["Student"] for row in rows] == [cell(entry["user"]["name"]) for entry in wanted]
    assert len(await downloaded(grace)) == len(CORPUS) + 1 > 2 * 100
    assert await downloaded(await signed_in(cast.oscar)) == []  # of another course


async def test_a_connection_is_given_back_between_two_pieces_and_rights_that_end_end_the_file(
    cast: Cast, loop_services: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "PIECE", 1)
    await sync_to_async(attempts)(cast, [cast.ada, cast.bob])
    answer: Any = await (await signed_in(cast.grace)).get(ADDRESS)
    pieces = aiter(answer.streaming_content)
    assert (await anext(pieces)).decode().startswith(BYTE_ORDER_MARK)
    assert b"Ada" in await anext(pieces)
    assert await sync_to_async(lambda: connection.connection)() is None
    await sync_to_async(cast.algorithms.instructors.clear)()
    assert [piece async for piece in pieces] == []
    await sync_to_async(answer.close)()


def test_words_are_the_viewers() -> None:
    with override("de"):
        assert Lines(ZoneInfo("UTC")).head().startswith(BYTE_ORDER_MARK)
    assert "Moment (UTC)" in Lines(ZoneInfo("UTC")).head()


async def test_a_file_of_one_student_is_noted_once_and_one_of_all_is_not(
    cast: Cast, loop_services: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "PIECE", 1)
    await sync_to_async(attempts)(cast, [cast.ada, cast.bob, cast.ada])
    grace = await signed_in(cast.grace)
    await downloaded(grace)
    assert not await Disclosure.objects.aexists()
    await downloaded(grace, student=cast.ada.pk)
    [noted] = [each async for each in Disclosure.objects.all()]
    assert (noted.user_id, noted.by_id, noted.where, noted.times) == (cast.ada.pk, cast.grace.pk, "feed", 1)


def test_wrong_filters_lead_to_the_page_that_says_so(cast: Cast, client: Client) -> None:
    client.force_login(cast.grace)
    answer = client.get(f"{ADDRESS}?q=x&type=exam_attempt")
    assert answer.status_code == 302
    assert answer["Location"] == "/dashboard/students/?q=x&type=exam_attempt"
    assert client.get(answer["Location"]).status_code == 422


async def test_more_at_once_than_the_limit_is_refused_until_one_has_gone(
    cast: Cast, loop_services: None, settings: Settings
) -> None:
    settings.LIMIT_DOWNLOADS_PER_PERSON = 1
    grace = await signed_in(cast.grace)
    first: Any = await grace.get(ADDRESS)
    second = await grace.get(ADDRESS, headers={"Accept": "application/json"})
    assert (second.status_code, second.json()["code"]) == (429, "too_many_downloads")
    page = await grace.get(ADDRESS, headers={"Accept": "text/html"})
    assert page.status_code == 429
    assert "Try again when one of them has arrived" in page.content.decode()
    assert (await (await signed_in(cast.oscar)).get(ADDRESS)).status_code == 200  # others have their own
    await sync_to_async(first.close)()
    assert (await grace.get(ADDRESS)).status_code == 200


async def test_a_client_that_goes_away_ends_its_file(live: Live, cast: Cast) -> None:
    cast.ada.first_name = cast.ada.last_name = "A" * 150
    await sync_to_async(cast.ada.save)()
    await Course.objects.filter(pk=cast.algorithms.pk).aupdate(title="C" * 200)
    await sync_to_async(attempts)(cast, [cast.ada] * MANY)
    grace = await live.http(cast.grace)
    async with grace.stream("GET", ADDRESS) as one, grace.stream("GET", ADDRESS) as other:
        assert (one.status_code, other.status_code) == (200, 200)
        # Neither is read: both stand still, with more to come than the kernels hold.
        assert (await grace.get(ADDRESS)).status_code == 429

    async with asyncio.timeout(WITHIN):
        while (whole := await grace.get(ADDRESS)).status_code == 429:
            await asyncio.sleep(0.02)
    assert len(read(whole.content)) == MANY
