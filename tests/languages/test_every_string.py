"""Every sentence is translated: in a language that puts brackets around each, nothing stands outside them but data."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.core import mail
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import Settings

from progress.models import ExamAttempt, LessonQuiz, QuizAttempt, User
from progress.password_reset import no_password_yet
from tests.cast import Cast
from tests.languages import pseudo, stage
from tests.languages.visible import Page, untranslated
from tests.test_roles import browser_of

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("pseudo_language", "large_numbers"),
]

NUMERIC = {"value", "max", "min", "low", "high", "optimum", "x", "y", "x1", "x2", "y1", "y2", "width", "height"}
"""Attributes that a browser reads as numbers."""


def test_every_page_says_nothing_that_is_not_translated(
    large_numbers: None, school: dict[str, Any], cast: Cast
) -> None:
    stage.happen(school, cast)
    data = stage.data_of(school, cast)
    seen = {which: untranslated(markup, data) for which, markup in stage.pages(school, cast)}
    assert len(seen) > 50
    assert {which: texts for which, texts in seen.items() if texts} == {}


def test_a_number_for_a_program_is_never_written_as_one_for_people(
    large_numbers: None, school: dict[str, Any], cast: Cast
) -> None:
    stage.happen(school, cast)
    grouped = f"{cast.ada.pk:,}".replace(",", ".")
    assert grouped.count(".") == 2
    million = grouped[: grouped.rindex(".") + 1]
    wrong = [
        (which, *attribute)
        for which, markup in stage.pages(school, cast)
        for attribute in Page(markup).other
        if million in attribute[2] or (attribute[1] in NUMERIC and re.search(r"\d,\d", attribute[2]))
    ]
    assert wrong == []


def test_forms_say_what_is_wrong_in_the_language(school: dict[str, Any], cast: Cast, settings: Settings) -> None:
    stage.happen(school, cast)
    data = stage.data_of(school, cast)
    quiz = reverse("quiz", args=["algorithms", "bernoulli"])
    answers: list[tuple[str, str, str, dict[str, str]]] = [
        ("anonymous", "POST", "/accounts/login/", {"username": "ada", "password": "wrong"}),
        ("anonymous", "POST", "/accounts/password_reset/", {"email": "nobody"}),
        ("ada", "POST", quiz, {f"question-{next(iter(school['quiz_answers']))}": "7"}),
        ("ada", "POST", quiz, {"question-99": "7"}),
        ("ada", "POST", quiz, {"submission": "no"}),
        (
            "ada",
            "POST",
            reverse("exam", args=["algorithms"]),
            {"attempt": str(school["attempt_id"]), "question-1": "1"},
        ),
        *(
            ("grace", "GET", f"/dashboard/students/?{query}", {})
            for query in ("type=none", "course=none", "q=a", "q=a&q=b", "since=none", "before=none", "course=1&" * 101)
        ),
    ]
    for role, method, address, form in answers:
        client = browser_of(cast, role)
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = pseudo.LANGUAGE
        answer = client.generic(method, address) if method == "GET" else client.post(address, form)
        assert answer.status_code in (200, 409, 422), (address, form, answer.status_code)
        assert 'role="alert"' in answer.text, address
        asked = parse_qsl(urlsplit(address).query)
        typed = [form.get("username", ""), form.get("email", ""), *(value for _, value in asked)]
        assert untranslated(answer.text, [*data, *typed]) == [], (address, form)


def test_pages_of_errors_are_in_the_language(school: dict[str, Any], cast: Cast, settings: Settings) -> None:
    stage.happen(school, cast)
    settings.LIMIT_LOGIN_ATTEMPTS = settings.AXES_FAILURE_LIMIT = 1
    data = stage.data_of(school, cast)
    visitor = Client(headers={"accept-language": pseudo.LANGUAGE})
    ada = browser_of(cast, "ada")
    wrong = {"username": "grace", "password": "wrong"}
    visitor.post("/accounts/login/", wrong)
    for client, address, status in ((ada, "/dashboard/", 403), (ada, "/nowhere/", 404), (visitor, "/nowhere/", 404)):
        answer = client.get(address)
        assert answer.status_code == status
        assert untranslated(answer.text, data) == [], address
    locked = visitor.post("/accounts/login/", wrong)
    assert locked.status_code == 429
    assert untranslated(locked.text, data) == []
    with translation.override(pseudo.LANGUAGE):
        assert untranslated(render_to_string("500.html"), data) == []


def test_states_that_few_students_see_are_in_the_language(school: dict[str, Any], cast: Cast) -> None:
    stage.happen(school, cast)
    data = stage.data_of(school, cast)
    exam = reverse("exam", args=["algorithms"])
    ExamAttempt.objects.filter(user=cast.ada).delete()
    ada, bob = browser_of(cast, "ada"), browser_of(cast, "bob")
    assert untranslated(ada.get(exam).text, data) == []  # to be started
    assert untranslated(ada.post(exam, follow=True).text, data) == []  # open
    assert untranslated(bob.get(exam).text, data) == []  # passed
    LessonQuiz.objects.update(required=True)
    assert untranslated(bob.get(cast.bernoulli.get_absolute_url()).text, data) == []


def test_a_mail_is_in_the_language_of_whoever_gets_it(cast: Cast) -> None:
    for username, language in (("ada", pseudo.LANGUAGE), ("bob", "en"), ("eve", "tlh")):
        address = f"{username}@school.example"
        User.objects.filter(username=username).update(email=address, language=language, password=no_password_yet())
        asker = Client(headers={"accept-language": pseudo.LANGUAGE})
        assert asker.post("/accounts/password_reset/", {"email": address}).status_code == 302
    hers, his, of_nobodys = mail.outbox
    assert his.subject == "Your password at testserver"
    for sent in (hers, of_nobodys):  # nobody speaks eve's language: then it is the language of whoever asked
        assert sent.subject.startswith(pseudo.OPEN)
        link = re.compile(r"http://testserver/\S+")
        said = [link.sub("", str(sent.body)), sent.subject]
        assert untranslated("\n".join(said), []) == []
        [html] = [str(part[0]) for part in sent.alternatives]
        assert untranslated(html, ["Ada Lovelace", "Eve Curie", "ada", "eve"]) == []


def test_refusals_of_the_api_are_in_the_callers_language_and_their_codes_stay(
    school: dict[str, Any], cast: Cast
) -> None:
    stage.happen(school, cast)
    QuizAttempt.objects.all().delete()
    ada = browser_of(cast, "ada")
    answers = [
        ada.post(f"/api/lessons/{school['lesson_id']}/complete/"),
        ada.post("/api/lessons/7/complete/"),
        ada.get("/api/feed/?limit=0"),
        ada.get("/api/nothing/"),
        Client(headers={"accept-language": pseudo.LANGUAGE}).get("/api/courses/"),
    ]
    assert [answer.json()["code"] for answer in answers] == [
        "quiz_required", "not_found", "invalid_limit", "not_found", "not_signed_in",
    ]  # fmt: skip
    for answer in answers:
        assert answer.json()["error"].startswith(pseudo.OPEN), answer.json()
        assert answer["Content-Language"] == pseudo.LANGUAGE
