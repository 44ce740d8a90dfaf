"""What the pages of students and of those who teach say only in some states is in the reader's language too."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import Settings

from feed import presence
from feed.attention.findings import Finding
from feed.attention.sentences import reason
from feed.csv_lines import Lines
from feed.presence.rules import CELLS, Seat
from feed.roster import STATES
from progress import gate
from progress.achievements import RULES, Facts, achievements, in_words
from progress.attention import Kind
from progress.models import Certification, Enrollment, ExamAttempt, Lesson, User, UserProgress
from progress.strip import MOST_SAID
from progress.strip import in_words as watched_in_words
from tests.cast import Cast
from tests.drill_down import school as random_course
from tests.languages import pseudo, stage
from tests.languages.visible import Page, untranslated
from tests.test_roles import browser_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("pseudo_language")]


def read(client: Client, address: str) -> str:
    """The page, which has to be one."""
    answer = client.get(address, headers={"accept-language": pseudo.LANGUAGE})
    assert answer.status_code == 200, address
    return answer.text


def bracketed(text: str) -> bool:
    """Whether it is a translated sentence, and nothing beside it."""
    return untranslated(text, []) == [] and pseudo.OPEN in text


def numbers_for_people(markup: str) -> list[tuple[str, str, str]]:
    """Attributes of SVG, `<progress>` and the like whose number has a comma for decimals or dots between thousands."""
    numeric = {"value", "max", "x", "y", "width", "height", "viewbox", "data-count", "data-total", "data-percent"}
    of_people = re.compile(r"\d,\d|\d\.\d{3}(?!\d)\.|^\d{1,3}(\.\d{3})+$")
    return [each for each in Page(markup).other if each[1] in numeric and of_people.search(each[2])]


def test_a_number_for_people_is_found_where_a_program_reads() -> None:
    found = '<progress max="1.234" value="12"></progress><svg viewBox="0 0 12,5 1.25"></svg>'
    assert [value for _, _, value in numbers_for_people(found)] == ["1.234", "0 0 12,5 1.25"]


def test_courses_and_students_with_all_kinds_of_records(large_numbers: None, cast: Cast) -> None:
    made = random_course.make(cast.algorithms, students=12)
    Lesson.objects.filter(pk=made.lessons[-1].pk).update(duration=12345.5)
    User.objects.update(language=pseudo.LANGUAGE)
    grace = browser_of(cast, "grace")
    titles = [lesson.title for lesson in Lesson.objects.all()]
    numbers = [str(each)[:8] for each in Certification.objects.values_list("certificate_id", flat=True)]
    people = [text for person in User.objects.all() for text in (person.name, person.username)]
    data = [*titles, *numbers, *people, cast.algorithms.title, cast.botany.title]
    insight = reverse("course_insight", args=["algorithms"])
    pages = [read(grace, f"{insight}?lesson={lesson.slug}") for lesson in made.lessons]
    pages += [read(grace, reverse("student", args=[student.pk])) for student in made.students]
    pages += [read(grace, "/dashboard/"), read(grace, "/dashboard/students/")]
    for student in made.students[:8]:
        client = Client()
        client.force_login(student)
        if Enrollment.objects.filter(user=student, active=True).exists():
            pages.append(read(client, reverse("course", args=["algorithms"])))
        pages += [read(client, "/"), read(client, "/me/activity/")]
    for page in pages:
        assert untranslated(page, data) == []
        assert numbers_for_people(page) == []


def test_the_roster_in_every_state(
    large_numbers: None, school: dict[str, Any], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.happen(school, cast)
    User.objects.filter(pk=cast.bob.pk).update(name_hidden=True)
    since = timezone.now() - timedelta(minutes=7)
    seats = [
        Seat(person.pk, cast.algorithms.pk, cast.bernoulli.pk, state, since, 7.5, 45.5, "f" * (CELLS // 4))
        for person in (cast.ada, cast.bob)
        for state in STATES
    ]
    grace, data = browser_of(cast, "grace"), stage.data_of(school, cast)
    for here in (seats, [], None):
        monkeypatch.setattr(presence, "seats_from_thread", lambda _courses, here=here: here)
        for address in ("/dashboard/students/", "/dashboard/students/?view=class", "/dashboard/"):
            page = read(grace, address)
            assert untranslated(page, data) == [], (address, here)
            assert numbers_for_people(page) == []
        assert here != seats or page.count(pseudo.OPEN)


@pytest.mark.parametrize("kind", list(Kind))
def test_why_somebody_is_needed(kind: Kind) -> None:
    figures = {"start": 1, "end": 2, "times": 3, "percent": 4, "fails": 5, "score": 6, "mark": 7, "median": 9}
    for done in (0, 1):
        found = Finding(kind, 1, 2, 3, timezone.now(), 4, {**figures, "done": done, "students": 12345})
        with translation.override(pseudo.LANGUAGE):
            assert bracketed(reason(found, now=timezone.now()))
            assert bracketed(str(kind.label))
            assert kind != Kind.BEHIND or "12.345" in reason(found, now=timezone.now())


def test_achievements_toasts_strips_and_what_is_missing() -> None:
    with translation.override(pseudo.LANGUAGE):
        for rule in RULES:
            toast = render_to_string("_toast.html", {"title": rule.title, "sentence": rule.sentence})
            assert untranslated(toast, []) == []
            assert bracketed(str(rule.title))
        assert all(bracketed(each.progress) for each in achievements(Facts()))
        assert bracketed(in_words(achievements(Facts())))
        parts = [(2.0 * n, 2.0 * n + 1) for n in range(MOST_SAID + 2)]
        assert all(bracketed(watched_in_words(parts[:count])) for count in (0, 1, len(parts)))
        assert all(map(bracketed, gate.in_words(["watched", "quiz"], percentage=12.5, threshold=90)))


def test_the_first_line_of_the_file_of_the_feed_and_its_page_of_too_many(cast: Cast, settings: Settings) -> None:
    with translation.override(pseudo.LANGUAGE):
        [columns] = csv.reader(io.StringIO(Lines(ZoneInfo("Europe/Berlin")).head().removeprefix("\ufeff")))
    assert len(columns) == 14
    assert all(map(bracketed, columns))
    settings.LIMIT_DOWNLOADS_PER_PERSON = 1
    User.objects.update(language=pseudo.LANGUAGE)
    grace = browser_of(cast, "grace")
    under_way = grace.get("/dashboard/students/csv/")
    refused = grace.get("/dashboard/students/csv/", headers={"accept": "text/html"})
    under_way.close()
    assert refused.status_code == 429
    assert untranslated(refused.text, [cast.grace.name]) == []


def test_a_course_at_its_end_and_a_lesson_that_is_confirmed(school: dict[str, Any], cast: Cast) -> None:
    stage.happen(school, cast)
    data = [*stage.data_of(school, cast), "She told me."]
    bob, grace = browser_of(cast, "bob"), browser_of(cast, "grace")
    course = reverse("course", args=["algorithms"])
    Certification.objects.update(issued_at=None)
    assert untranslated(read(bob, course), data) == []  # being issued
    Certification.objects.update(refused=True)
    assert untranslated(read(bob, course), data) == []
    Certification.objects.all().delete()
    ExamAttempt.objects.filter(passed=True).update(passed=False)
    assert untranslated(read(bob, course), data) == []  # failed
    ExamAttempt.objects.all().delete()
    assert untranslated(read(bob, course), data) == []
    confirm = reverse("confirm_lesson", args=[cast.ada.pk, cast.bernoulli.pk])
    for form in ({"reason": ""}, {"reason": "She told me."}, {"reason": "She told me.", "sure": "yes"}):
        answer = grace.post(confirm, form, follow=True)
        assert untranslated(answer.text, data) == [], form
    assert UserProgress.objects.get(user=cast.ada).completed
    assert untranslated(grace.get(confirm).text, data) == []  # completed already


def test_settings_that_cannot_be(cast: Cast) -> None:
    User.objects.update(language=pseudo.LANGUAGE)
    form = {"language": "tlh", "time_zone": "Nowhere", "theme": "pink"}
    answer = browser_of(cast, "ada").post(reverse("own_settings"), form)
    assert answer.status_code == 422
    assert untranslated(answer.text, ["English", "Deutsch", cast.ada.name]) == []
