"""Everybody is answered in their own language and time zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject

from progress.models import Certification, Enrollment, User
from progress.people_import.carrying_out import carry_out
from progress.people_import.reading import read
from progress.preferences import zone_called
from progress.uploads import problems
from project.locale import speak_to_the_person
from tests.cast import Cast

database = pytest.mark.django_db


def html_of(page: str) -> dict[str, str]:
    """What `<html>` says."""
    found = re.search(r"<html ([^>]*)>", page)
    assert found, page[:200]
    return dict(re.findall(r'([\w-]+)="([^"]*)"', found[1]))


def prefer(person: User, **preferences: str) -> Client:
    """A browser that wants French, of somebody who prefers this."""
    User.objects.filter(pk=person.pk).update(**preferences)
    client = Client(headers={"accept-language": "fr, en;q=0.5"})
    client.force_login(person)
    return client


@database
def test_a_person_reads_the_language_and_the_time_zone_of_their_own(cast: Cast) -> None:
    answer = prefer(cast.ada, language="de", time_zone="America/New_York").get("/")
    assert "Meine Kurse" in answer.text
    said = html_of(answer.text)
    assert (said["lang"], said["dir"], said["data-time-zone"]) == ("de", "ltr", "America/New_York")
    assert answer["Content-Language"] == "de"
    assert {"Cookie", "Accept-Language"} <= {name.strip() for name in answer["Vary"].split(",")}


@database
@pytest.mark.parametrize(
    ("accepted", "language"), [("de-AT, en;q=0.5", "de"), ("fr, en;q=0.5", "en"), ("", "en"), ("\0;q=x, *", "en")]
)
def test_a_visitor_reads_the_browsers_language_and_times_in_utc(client: Client, accepted: str, language: str) -> None:
    answer = client.get("/accounts/login/", headers={"accept-language": accepted})
    said = html_of(answer.text)
    assert (said["lang"], said["data-time-zone"], answer["Content-Language"]) == (language, "UTC", language)
    assert "Accept-Language" in answer["Vary"]


@database
@pytest.mark.parametrize("zone", ["", "Nowhere/Land", "/etc/passwd", "../UTC", "America", "Factory", "localtime"])
def test_a_preference_that_is_none_falls_back(cast: Cast, zone: str) -> None:
    client = prefer(cast.ada, language="tlh", time_zone=zone)
    said = html_of(client.get("/", headers={"accept-language": "de"}).text)
    assert (said["lang"], said["data-time-zone"]) == ("de", "UTC")
    assert html_of(client.get("/").text)["lang"] == "en"
    assert client.get("/me/activity/?since=2026-11-25").status_code == 200


@database
@pytest.mark.parametrize(("accepted", "language"), [("de-AT, en;q=0.5", "de"), ("fr, en;q=0.5", "en")])
def test_whoever_is_new_reads_the_language_of_their_browser_until_they_choose_one(
    cast: Cast, accepted: str, language: str
) -> None:
    carry_out(read(b"username,first_name,last_name,email,role,course\nnew,New,Person,,student,algorithms\n"))
    person = User.objects.get(username="new")
    assert person.language == ""
    client = Client(headers={"accept-language": accepted})
    client.force_login(person)
    assert html_of(client.get("/").text)["lang"] == language
    User.objects.filter(pk=person.pk).update(language="en")
    assert html_of(client.get("/").text)["lang"] == "en"


def test_only_zones_are_zones() -> None:
    assert [str(zone_called(name)) for name in ("Europe/Berlin", "UTC")] == ["Europe/Berlin", "UTC"]
    assert zone_called("zone.tab") is None


@database
def test_one_persons_language_does_not_stay_for_the_next(cast: Cast) -> None:
    german = prefer(cast.ada, language="de", time_zone="Asia/Tokyo")
    english = prefer(cast.bob)
    for _ in range(2):
        assert html_of(german.get("/").text)["lang"] == "de"
        assert html_of(english.get("/").text)["lang"] == "en"
        assert html_of(Client().get("/accounts/login/").text)["data-time-zone"] == "UTC"


@database
def test_a_day_is_the_readers_day(cast: Cast) -> None:
    given = Certification.objects.create(
        user=cast.ada,
        course=cast.algorithms,
        certificate_id="01234567-89ab-4def-8123-456789abcdef",
        due_at=timezone.now(),
        issued_at=datetime(2026, 11, 25, 2, 30, tzinfo=UTC),
    )
    there = prefer(cast.ada, language="de", time_zone="America/New_York").get(given.get_absolute_url()).text
    assert "24. November 2026" in there
    assert "Nov. 25, 2026" in Client().get(given.get_absolute_url()).text


@database
def test_figures_have_the_separators_of_the_language(cast: Cast) -> None:
    students = [User(username=f"student{n}") for n in range(1234)]
    enrolled = [Enrollment(user=user, course=cast.botany) for user in User.objects.bulk_create(students)]
    Enrollment.objects.bulk_create(enrolled)
    figures = reverse("course_insight", args=["botany"])
    assert "<strong>1.235</strong>" in prefer(cast.oscar, language="de").get(figures).text
    assert "<strong>1,235</strong>" in prefer(cast.oscar, language="en").get(figures).text
    assert "1.235 Lernende" in prefer(cast.oscar, language="de").get("/dashboard/").text
    assert "1,235 students" in prefer(cast.oscar, language="en").get("/dashboard/").text


@database
def test_nobody_is_looked_up_twice(cast: Cast) -> None:
    client = prefer(cast.ada, language="de")
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/").status_code == 200
    people = [query["sql"] for query in asked if '"progress_user"."password"' in query["sql"]]
    assert len(people) == 1, people


async def asked(request: HttpRequest) -> Any:
    """The middleware's answer, as it runs in a web process."""

    async def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(f"{translation.get_language()} {timezone.get_current_timezone_name()}")

    return await speak_to_the_person(view)(request)  # type: ignore[misc]


def request_of(user: Any, *, session: bool) -> HttpRequest:
    request = RequestFactory(headers={"accept-language": "de"}).get("/")
    if session:
        request.COOKIES["sessionid"] = "any"
    request.user = user
    return request


async def test_in_a_web_process_too_the_view_runs_in_the_persons_language() -> None:
    person = User(username="ada", language="en", time_zone="Asia/Tokyo")
    answer = await asked(request_of(person, session=True))
    assert (answer.content, answer["Content-Language"]) == (b"en Asia/Tokyo", "en")


async def test_whoever_has_no_session_costs_the_database_nothing() -> None:
    def fail() -> None:
        raise AssertionError("the database was asked")

    assert (await asked(request_of(SimpleLazyObject(fail), session=False))).content == b"de UTC"


async def test_while_the_database_is_away_the_view_hears_it_at_once_and_in_some_language() -> None:
    times = 0

    def fail() -> None:
        nonlocal times
        times += 1
        raise DatabaseError("away")

    request = request_of(SimpleLazyObject(fail), session=True)
    assert (await asked(request)).content == b"de UTC"
    with pytest.raises(DatabaseError, match="away"):
        _ = request.user.is_authenticated
    assert times == 1


@pytest.mark.parametrize("reason", problems.SENTENCES)
def test_why_an_upload_could_not_be_used_is_kept_in_english_and_read_in_german(reason: str) -> None:
    values = {"codec": "hevc (100 %)", "says": 60, "there": 7}
    kept = problems.sentence(reason, values)
    assert problems.in_words(kept) == kept
    with translation.override("de"):
        read = problems.in_words(kept)
        assert read != kept
        assert all(str(value) not in kept or str(value) in read for value in values.values())
        assert problems.in_words("Of an earlier version.") == "Of an earlier version."
