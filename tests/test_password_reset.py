"""A password reset by mail: the link works once, ends other sessions, and nobody learns who is known here."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from pytest_django import Settings

from progress.models import Outbox, User
from progress.password_reset import no_password_yet
from tests.cast import Cast
from tests.test_settings import start

database = pytest.mark.django_db(transaction=True)
NEW = "a much better one 7"


def ask(client: Client, email: str) -> None:
    answer = client.post("/accounts/password_reset/", {"email": email})
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/password_reset/done/"


def link_of(text: str) -> str:
    found = re.search(r"http://testserver(/accounts/password_reset/\S+)", text)
    assert found, text
    return found[1]


def give_address(person: User, email: str = "ada@school.example") -> None:
    User.objects.filter(pk=person.pk).update(email=email)


@database
def test_a_person_resets_the_password_and_signs_in_with_it(cast: Cast, client: Client) -> None:
    give_address(cast.ada)
    assert b'href="/accounts/password_reset/"' in client.get("/accounts/login/").content
    assert client.get("/accounts/password_reset/").status_code == 200
    cast.ada.set_password("the old one 5")
    cast.ada.email = "ada@school.example"
    cast.ada.save()
    Outbox.objects.all().delete()
    elsewhere = Client()
    assert elsewhere.login(username="ada", password="the old one 5")

    ask(client, "Ada@School.example")
    assert client.get("/accounts/password_reset/done/").status_code == 200
    [sent] = mail.outbox
    assert sent.to == ["ada@school.example"]
    assert "\n" not in sent.subject
    assert isinstance(sent, EmailMultiAlternatives)
    assert "Ada Lovelace" in str(sent.body)
    assert [alternative[1] for alternative in sent.alternatives] == ["text/html"]

    form = client.get(link_of(str(sent.body)), follow=True)
    assert b"Choose a password" in form.content
    assert b"<li></li>" not in form.content
    place = urlsplit(form.redirect_chain[-1][0]).path
    refused = client.post(place, {"new_password1": NEW, "new_password2": "another"})
    assert b'role="alert"' in refused.content
    done = client.post(place, {"new_password1": NEW, "new_password2": NEW}, follow=True)
    assert b"Your password is set" in done.content

    assert Client().login(username="ada", password=NEW)
    assert elsewhere.get("/").status_code == 302  # signed in no more
    assert list(Outbox.objects.values_list("kind", "object_id")) == [("access_changed", cast.ada.pk)]
    assert b"does not work any more" in client.get(link_of(str(sent.body)), follow=True).content


@database
def test_an_unknown_address_gets_the_same_answer_and_no_mail(cast: Cast, client: Client) -> None:
    give_address(cast.ada)
    ask(client, "nobody@school.example")
    assert mail.outbox == []
    ask(client, "ada@school.example")
    assert len(mail.outbox) == 1


@database
def test_who_has_no_password_yet_gets_a_mail_and_who_shall_have_none_does_not(cast: Cast, client: Client) -> None:
    for person, password in ((cast.ada, no_password_yet()), (cast.bob, "!" + "x" * 40)):
        give_address(person, f"{person.username}@school.example")
        User.objects.filter(pk=person.pk).update(password=password)
        person.refresh_from_db()
        assert not person.has_usable_password()
    ask(client, "bob@school.example")
    assert mail.outbox == []
    User.objects.filter(pk=cast.bob.pk).update(password=no_password_yet(), is_active=False)
    ask(client, "bob@school.example")
    assert mail.outbox == []
    ask(client, "ada@school.example")
    place = client.get(link_of(str(mail.outbox[0].body)), follow=True).redirect_chain[-1][0]
    client.post(place, {"new_password1": NEW, "new_password2": NEW})
    assert Client().login(username="ada", password=NEW)


@database
def test_a_mail_server_that_is_away_is_no_error_on_the_page(cast: Cast, client: Client, settings: Settings) -> None:
    give_address(cast.ada)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    ask(client, "ada@school.example")


@pytest.fixture
def kept(settings: Settings, tmp_path: Path) -> Path:
    """Development without EMAIL_URL."""
    settings.DEBUG = settings.KEEP_MAIL = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    return tmp_path / "mail"


@database
def test_in_development_mails_are_read_on_a_page_newest_first_and_as_text(
    cast: Cast, client: Client, kept: Path
) -> None:
    assert b"There are none yet." in client.get("/accounts/outbox/").content
    mail.send_mail("First <b>", "<script>alert(1)</script>", None, ["ada@school.example"])
    give_address(cast.ada)
    ask(client, "ada@school.example")
    page = client.get("/accounts/outbox/").content.decode()
    assert page.index("Your password at testserver") < page.index("First &lt;b&gt;")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "Choose it here" in page
    link = re.search(r'href="http://testserver(/accounts/password_reset/[^"]+)"', page)
    assert link
    assert b"Choose a password" in client.get(link[1], follow=True).content


@database
@pytest.mark.parametrize(("debug", "keep"), [(False, True), (True, False), (False, False)])
def test_elsewhere_that_page_is_not_there(
    client: Client, kept: Path, settings: Settings, debug: bool, keep: bool
) -> None:
    assert client.get("/accounts/outbox/").status_code == 200
    settings.DEBUG, settings.KEEP_MAIL = debug, keep
    assert client.get("/accounts/outbox/").status_code == 404


SAY = (
    "from django.conf import settings as s;"
    "print(s.EMAIL_BACKEND.split('.')[-2], s.EMAIL_HOST, s.EMAIL_PORT, s.EMAIL_HOST_USER, s.EMAIL_HOST_PASSWORD,"
    "s.EMAIL_USE_TLS, s.EMAIL_USE_SSL, s.KEEP_MAIL)"
)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"EMAIL_URL": "smtp://mail.example"}, "smtp mail.example 25   False False False"),
        ({"EMAIL_URL": "smtp+tls://me:p%40ss@mail.example"}, "smtp mail.example 587 me p@ss True False False"),
        ({"EMAIL_URL": "smtp+ssl://me:x@mail.example:4650"}, "smtp mail.example 4650 me x False True False"),
        ({"DEBUG": "true"}, "filebased localhost 25   False False True"),
        ({}, "dummy localhost 25   False False False"),
    ],
)
def test_the_address_of_the_mail_server_is_understood(changes: dict[str, str], said: str) -> None:
    done = start(SAY, **{"EMAIL_URL": "", **changes})
    assert done.stdout.strip() == said, done.stderr


@pytest.mark.parametrize("wrong", ["mail.example", "http://mail.example", "smtp://", "smtp://mail.example:high"])
def test_a_wrong_address_stops_the_start_and_its_password_is_not_said(wrong: str) -> None:
    done = start(EMAIL_URL=wrong.replace("//", "//me:secret@") if wrong != "smtp://" else wrong)
    assert done.returncode != 0
    assert "ImproperlyConfigured: EMAIL_URL must be an address such as smtp+tls://" in done.stderr
    assert "secret" not in done.stderr


def test_production_without_a_mail_server_starts_with_a_warning() -> None:
    code = "import django; django.setup(); from django.core import checks; print([c.id for c in checks.run_checks()])"
    assert "project.W001" in start(code, EMAIL_URL="").stdout
    assert "project.W001" not in start(code, EMAIL_URL="smtp://mail.example").stdout
    assert "project.W001" not in start(code, EMAIL_URL="", DEBUG="true").stdout
