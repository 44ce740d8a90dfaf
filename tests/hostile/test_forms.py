"""Hostile text in forms: what a name may be, what is refused with a sentence, and what a search takes for itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from progress.models import Course, Lesson, Question, User
from progress.recorder import record_from_thread
from progress.ticks import Tick
from tests.cast import Cast
from tests.hostile.corpus import CONTROLS, CORPUS, ONE_LINE, UNCLOSED, UNSTORABLE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.admin)
    return client


def person(first_name: str, last_name: str = "") -> dict[str, str]:
    names = {"username": "bob", "first_name": first_name, "last_name": last_name}
    joined = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00", "is_active": "on"}
    return {**names, **joined, "language": "en", "time_zone": "UTC", "theme": "light"}


def test_a_name_of_one_line_is_kept_as_it_is_and_any_other_is_refused(cast: Cast, admin: Client) -> None:
    place = f"/admin/progress/user/{cast.bob.pk}/change/"
    for text in ONE_LINE:
        User(username="x", password="x", first_name=text).clean()
    for text in ONE_LINE[:: len(ONE_LINE) // 20]:
        assert admin.post(place, person("Bob", text)).status_code == 302, text
        cast.bob.refresh_from_db()
        assert cast.bob.last_name == text.strip()
    others = {text for text in CORPUS if text.strip() == text} - set(ONE_LINE)
    assert others >= set(CONTROLS[:2])
    for text in (*others, *UNCLOSED):
        with pytest.raises(ValidationError):
            User(username="x", password="x", last_name=text).clean()
    for text in (*CONTROLS[:4], *UNCLOSED[:2], *UNSTORABLE, "\u202eAda"):
        answer = admin.post(place, person(text, "Moog"))
        assert answer.status_code == 200, text
        assert b"errornote" in answer.content
    cast.bob.refresh_from_db()
    assert cast.bob.first_name == "Bob"


def test_titles_are_refused_that_are_no_line_or_too_long_to_be_found(cast: Cast, admin: Client) -> None:
    lesson = {"course": cast.botany.pk, "slug": "new", "duration": 60, "order": 0, "completion_threshold": 90}
    for text in (*UNCLOSED, *UNSTORABLE, CONTROLS[3], "one\ntwo", "ﷺ" * 200):
        for place, more in (("course", {"slug": "new"}), ("lesson", lesson)):
            answer = admin.post(f"/admin/progress/{place}/add/", {"title": text, **more})
            assert answer.status_code == 200, text
            assert b"errorlist" in answer.content
    assert not Course.objects.filter(slug="new").exists()
    assert not Lesson.objects.filter(slug="new").exists()
    assert admin.post("/admin/progress/course/add/", {"title": "ﷺ" * 20, "slug": "new"}).status_code == 302


def test_questions_may_have_lines_and_anything_but_nul(cast: Cast, admin: Client) -> None:
    exam = cast.algorithms.exam if hasattr(cast.algorithms, "exam") else None
    assert exam is None
    assert admin.post("/admin/progress/exam/add/", {"course": cast.algorithms.pk, "title": "x", "pass_mark": 50})
    [exam] = [each.exam for each in Course.objects.filter(exam__isnull=False)]

    def ask(text: str) -> Any:
        rows = {f"choices-{n}-{name}": value for n in (0, 1) for name, value in (("order", n), ("text", text))}
        forms = {"choices-TOTAL_FORMS": 2, "choices-INITIAL_FORMS": 0, "choices-0-correct": "on"}
        return admin.post("/admin/progress/question/add/", {"exam": exam.pk, "order": 0, "text": text, **forms, **rows})

    for text in CORPUS[::2]:
        if text.strip():
            assert ask(text).status_code == 302, text
    assert Question.objects.count() > 20
    for text in UNSTORABLE:
        assert ask(text).status_code == 200


def test_an_import_says_in_words_what_is_wrong_with_hostile_lines(cast: Cast, admin: Client) -> None:
    lines = ["username,first_name,last_name,email,role,course"]
    lines += [",".join('"' + text.replace('"', '""') + '"' for _ in range(6)) for text in (*CORPUS, *UNCLOSED)]
    file = SimpleUploadedFile("people.csv", "\n".join(lines).encode())
    answer = admin.post("/admin/progress/user/import/", {"file": file})
    assert answer.status_code == 200
    assert answer.content.count(b"<tr><td>") > len(CORPUS)
    assert not User.objects.filter(first_name__in=CORPUS).exists()


def test_a_search_with_wildcards_finds_what_has_them_in_it(cast: Cast, admin: Client) -> None:
    record_from_thread([Tick(cast.ada.pk, cast.bernoulli.pk, 60, 60)])

    def found(q: str) -> int:
        return len(json.loads(admin.get("/api/feed/", {"q": q}).content)["entries"])

    assert found("lovelace") == 1
    for wild in ("%%%", "___", "\\\\\\", "%lovelace", "l_v_lace", "lovelace%", "\\lovelace"):
        assert found(wild) == 0, wild
    User.objects.filter(pk=cast.ada.pk).update(search_text="100%_of \\it")
    for wild in ("100%_of", "%_of", "\\it"):
        assert found(wild) == 1, wild


def test_an_address_in_other_letters_leaves_the_page_its_policy(cast: Cast, admin: Client) -> None:
    for address, named in (
        ("https://例え.example:8443/film.mp4", " https://xn--r8jz45g.example:8443"),
        ("https://x;script-src/film.mp4", ""),  # no form takes it, and no header may
    ):
        Lesson.objects.filter(pk=cast.bernoulli.pk).update(video_address=address)
        policy = admin.get("/courses/algorithms/bernoulli/")["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert f"media-src 'self'{named}" in [part.strip() for part in policy.split(";")]
