"""Pages and states that few people see are in the reader's language too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from pytest_django import Settings

from progress.models import Certification, Enrollment, Lesson, UserProgress
from tests.cast import Cast
from tests.languages import pseudo, stage
from tests.languages.visible import untranslated
from tests.test_roles import browser_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("pseudo_language")]


def test_lessons_without_a_video(school: dict[str, Any], cast: Cast) -> None:
    stage.happen(school, cast)
    data = stage.data_of(school, cast)
    grace = browser_of(cast, "grace")
    states: list[dict[str, Any]] = [
        {"upload": "uploads/film.mp4"},
        {"upload": "uploads/film.mp4", "duration": 0, "video": ""},
        {"upload": "", "upload_problem": "There is no video in the file."},
        {"video": "", "captions": "", "poster": ""},
    ]
    for state in states:
        Lesson.objects.filter(pk=cast.bernoulli.pk).update(**{"upload_problem": "", **state})
        assert untranslated(grace.get(cast.bernoulli.get_absolute_url()).text, data) == [], state
    ada = browser_of(cast, "ada")
    UserProgress.objects.filter(user=cast.ada).update(video_watch_percentage=95)
    assert untranslated(ada.get(cast.bernoulli.get_absolute_url()).text, data) == []


def test_nothing_yet_and_nothing_any_more(school: dict[str, Any], cast: Cast) -> None:
    stage.happen(school, cast)
    data = stage.data_of(school, cast)
    grace, bob, oscar = (browser_of(cast, name) for name in ("grace", "bob", "oscar"))
    newest = bob.get("/api/feed/?limit=1").json()["next"]
    assert newest
    for client, address in (
        (oscar, "/dashboard/"),
        (oscar, "/dashboard/students/"),
        (browser_of(cast, "eve"), "/me/activity/"),
        (bob, f"/me/activity/?before={newest}"),
        (grace, "/dashboard/students/?type=exam_attempt&since=2026-01-01&until=2026-01-02&q=nobody"),
        (grace, f"/dashboard/students/?student={cast.ada.pk}&course={cast.algorithms.pk}"),
    ):
        assert untranslated(client.get(address).text, [*data, "nobody"]) == [], address
    Certification.objects.update(withdrawn_at=timezone.now())
    gone = bob.get(reverse("certificate", args=[school["certificate_id"]]))
    assert gone.status_code == 410
    assert untranslated(gone.text, data) == []
    Enrollment.objects.all().delete()
    assert untranslated(bob.get("/").text, data) == []


def test_choosing_a_password(school: dict[str, Any], cast: Cast) -> None:
    stage.happen(school, cast)
    cast.ada.refresh_from_db()
    named = [urlsafe_base64_encode(force_bytes(cast.ada.pk)), default_token_generator.make_token(cast.ada)]
    visitor = Client(headers={"accept-language": pseudo.LANGUAGE})
    form = visitor.get(reverse("password_reset_confirm", args=named), follow=True)
    wrong = visitor.post(form.redirect_chain[-1][0], {"new_password1": "123", "new_password2": "4"})
    short = visitor.post(form.redirect_chain[-1][0], {"new_password1": "123", "new_password2": "123"})
    for page in (form, wrong, short):
        assert untranslated(page.text, ["ada"]) == []
    assert short.text.count(pseudo.OPEN) > form.text.count(pseudo.OPEN)


def test_mails_that_are_kept(cast: Cast, settings: Settings, tmp_path: Path) -> None:
    settings.DEBUG, settings.KEEP_MAIL, settings.EMAIL_FILE_PATH = True, True, str(tmp_path)
    (tmp_path / "one.log").write_bytes(b"Subject: Kept\nTo: ada@school.example\n\nText.\n")
    page = Client(headers={"accept-language": pseudo.LANGUAGE}).get("/accounts/outbox/")
    assert untranslated(page.text, ["Kept", "ada@school.example", "Text."]) == []


def of_content(page: str) -> str:
    """What our templates draw of a page of the admin site."""
    return page[page.index('<div id="content"') : page.index("</main>")]


def test_our_pages_of_the_admin_site(school: dict[str, Any], cast: Cast) -> None:
    stage.happen(school, cast)
    admin = browser_of(cast, "admin")
    address = reverse("admin:progress_user_import")
    columns = "username,first_name,last_name,email,role,course"
    good = f"{columns}\nnew,New,Person,new@school.example,student,algorithms\nada,,,,,\n"
    bad = f"{columns}\n,New,Person,none,student,algorithms\nada,,,,teacher,algorithms\neve,,,,student,none\n"
    data = [*stage.data_of(school, cast), "new", "none", f"{cast.ada} · {cast.bernoulli}"]
    pages = [admin.get(address)]
    for text in (good, bad, "nothing"):
        pages.append(admin.post(address, {"file": SimpleUploadedFile("people.csv", text.encode())}))
    row = UserProgress.objects.get(user=cast.ada)
    chosen = {"action": "confirm_rows", "_selected_action": [str(row.pk)]}
    pages.append(admin.post("/admin/progress/userprogress/", chosen))
    pages.append(admin.post("/admin/progress/userprogress/", {**chosen, "reason": "?"}))
    for page in pages:
        assert page.status_code == 200
        assert untranslated(of_content(page.text), data) == []
