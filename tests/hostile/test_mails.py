"""Mails to people with hostile names: the headers stay what they are, texts are texts, and HTML has them escaped."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from asgiref.sync import sync_to_async
from django.core import mail
from django.test import Client
from playwright.async_api import Route
from pytest_django import Settings

from progress.models import User
from progress.password_reset import no_password_yet
from tests import browser
from tests.cast import Cast
from tests.hostile.corpus import CORPUS
from tests.hostile.parsed import assert_one_skeleton, read
from tests.hostile.watch import Watched, as_parsed
from tests.live import Live

HEADERS = {"Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Message-ID"}


def ask_for_all(*, texts: tuple[str, ...]) -> None:
    """Have a mail sent to somebody of each name; all have one address, as a family may."""
    User.objects.bulk_create(
        User(username=f"hostile{n}", first_name=text, email="family@school.example", password=no_password_yet())
        for n, text in enumerate(texts)
    )
    client = Client(SERVER_NAME="127.0.0.1")
    assert client.post("/accounts/password_reset/", {"email": "family@school.example"}).status_code == 302


async def test_a_name_is_text_in_a_mail_and_adds_no_header(live: Live, cast: Cast) -> None:
    await sync_to_async(ask_for_all)(texts=CORPUS)
    assert len(mail.outbox) == len(CORPUS)
    names = {f"hostile{n}": text.strip() or f"hostile{n}" for n, text in enumerate(CORPUS)}
    pages, shown = [], []
    for sent in mail.outbox:
        message = BytesParser(EmailMessage, policy=policy.default).parsebytes(sent.message().as_bytes())
        assert set(message.keys()) == HEADERS
        assert message["Subject"] == "Your password at 127.0.0.1"
        assert message["To"] == "family@school.example"
        plain, html = message.get_body(("plain",)), message.get_body(("html",))
        assert plain is not None
        assert html is not None
        username = next(word for word in str(sent.body).split() if word.startswith("hostile")).rstrip(".")
        assert f"Hello {names[username]}," in str(sent.body)
        pages.append(str(html.get_content()))
        shown.append([as_parsed(names[username]), username])
    async with browser.chromium() as chromium:
        watched = await Watched.open(chromium, live, None)
        await watched.page.goto("/accounts/login/")
        found = await read(watched.page, pages)
        assert_one_skeleton(found)
        assert [each["texts"] for each in found] == shown


async def test_the_page_of_kept_mails_shows_them_as_text(
    live: Live, cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "django.core.mail.backends.filebased.EmailBackend", str(tmp_path)
    settings.DEBUG = settings.KEEP_MAIL = True
    some = tuple(text for text in CORPUS if text.strip() and "\n" not in text)[::4]
    await sync_to_async(ask_for_all)(texts=some[-50:])
    kept = await sync_to_async(Client().get)("/accounts/outbox/")
    assert kept.content.decode().count("<article") == min(len(some), 50)

    async def answer(route: Route) -> None:
        policy = {"Content-Security-Policy": kept["Content-Security-Policy"], "Content-Type": "text/html"}
        await route.fulfill(body=kept.content, headers=policy)

    async with browser.chromium() as chromium:
        watched = await Watched.open(chromium, live, None)
        await watched.page.route("**/accounts/outbox/", answer)
        await watched.page.goto("/accounts/outbox/")
        assert await watched.page.locator("article").count() == min(len(some), 50)
        assert await watched.said() == []
        assert await watched.broken() == []
