"""Ten attempts to sign in with an account from an address in fifteen minutes, and no more; nobody else waits."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.auth.backends import ModelBackend
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from progress.models import User
from tests.cast import Cast
from tests.live import WITHIN, Live

pytestmark = pytest.mark.django_db(transaction=True)

RIGHT = "what ada knows 7"


@pytest.fixture(autouse=True)
def quick_hashes(settings: Any) -> None:
    """Hashing takes a third of a second on purpose, and there are hundreds of attempts here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def ada(cast: Cast) -> User:
    cast.ada.set_password(RIGHT)
    cast.ada.save()
    return cast.ada


def sign_in(client: Client, password: str, *, name: str = "ada", **more: Any) -> HttpResponse:
    answer: Any = client.post("/accounts/login/", {"username": name, "password": password}, **more)
    return answer  # type: ignore[no-any-return]


def test_the_eleventh_attempt_is_refused_though_the_password_is_right(ada: User, client: Client) -> None:
    for _attempt in range(9):
        assert sign_in(client, "wrong").status_code == 200
    assert sign_in(client, "wrong").status_code == 429
    refused = sign_in(client, RIGHT)
    assert refused.status_code == 429
    assert refused["Retry-After"] == "900"
    assert b"Too many attempts" in refused.content
    assert client.get("/").status_code == 302


def test_the_admin_sites_form_counts_as_well(ada: User, client: Client) -> None:
    for _attempt in range(10):
        client.post("/admin/login/", {"username": "ada", "password": "wrong"})
    assert sign_in(client, RIGHT).status_code == 429


def test_another_account_and_another_address_are_not_concerned(ada: User, cast: Cast, client: Client) -> None:
    cast.bob.set_password(RIGHT)
    cast.bob.save()
    for _attempt in range(12):
        sign_in(client, "wrong")
    assert sign_in(Client(), RIGHT, name="bob").status_code == 302
    assert sign_in(Client(REMOTE_ADDR="10.0.0.9"), RIGHT).status_code == 302


def test_another_browser_is_no_way_around(ada: User) -> None:
    for number in range(10):
        sign_in(Client(), "wrong", headers={"User-Agent": f"browser {number}"})
    assert sign_in(Client(), RIGHT, headers={"User-Agent": "a new one"}).status_code == 429


def test_after_a_quarter_of_an_hour_one_may_try_again_however_often_one_tried_meanwhile(ada: User) -> None:
    begun = timezone.now()
    for _attempt in range(10):
        sign_in(Client(), "wrong")
    with time_machine.travel(begun + timedelta(minutes=14), tick=False):
        assert sign_in(Client(), "wrong").status_code == 429
    with time_machine.travel(begun + timedelta(minutes=15, seconds=5), tick=False):
        assert sign_in(Client(), RIGHT).status_code == 302


def test_who_has_signed_in_begins_to_count_anew(ada: User, client: Client) -> None:
    for _attempt in range(9):
        sign_in(client, "wrong")
    assert sign_in(client, RIGHT).status_code == 302
    assert sign_in(Client(), "wrong").status_code == 200


def test_nothing_is_kept_but_who_from_where_and_how_often(ada: User, client: Client) -> None:
    for _attempt in range(2):
        sign_in(client, "wrong", headers={"Accept": "text/html"})
    [kept] = AccessAttempt.objects.all()
    assert (kept.username, kept.ip_address, kept.failures_since_start) == ("ada", "127.0.0.1", 2)
    assert kept.post_data == kept.get_data == kept.http_accept == ""


@pytest.mark.parametrize("name", ["a" * 400, "a\0b", "\ud800", "ada" + "\u202e"])
def test_a_name_that_cannot_be_is_no_error(ada: User, client: Client, name: str) -> None:
    assert sign_in(client, "wrong", name=name.encode("utf-8", "replace").decode()).status_code == 200


def test_zero_means_no_limit(ada: User, client: Client, settings: Any) -> None:
    settings.AXES_ENABLED = False
    for _attempt in range(12):
        assert sign_in(client, "wrong").status_code == 200
    assert sign_in(client, RIGHT).status_code == 302


def test_attempts_at_the_same_moment_are_counted_together(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    hashing, go_on, answers = threading.Barrier(11), threading.Event(), list[int]()
    check = ModelBackend.authenticate

    def slowly(self: ModelBackend, *given: Any, **named: Any) -> Any:
        hashing.wait(WITHIN)
        go_on.wait(WITHIN)
        return check(self, *given, **named)

    def attempt() -> None:
        answers.append(sign_in(Client(), "wrong").status_code)
        connection.close()

    monkeypatch.setattr(ModelBackend, "authenticate", slowly)
    first = [threading.Thread(target=attempt) for _ in range(10)]
    for each in first:
        each.start()
    hashing.wait(WITHIN)  # all ten are at it
    assert sign_in(Client(), RIGHT).status_code == 429
    go_on.set()
    for each in first:
        each.join(WITHIN)
    assert sorted(set(answers)) in ([200, 429], [429])
    assert AccessAttempt.objects.get().failures_since_start == 10


def test_a_class_of_sixty_behind_one_address_signs_in_though_one_of_them_forgets(ada: User, client: Client) -> None:
    User.objects.bulk_create(User(username=f"student{number}", password=ada.password) for number in range(60))
    for _attempt in range(11):
        sign_in(client, "wrong")
    assert {sign_in(Client(), RIGHT, name=f"student{number}").status_code for number in range(60)} == {302}


async def test_the_limit_holds_over_processes_and_is_counted(live: Live, cast: Cast) -> None:
    async with (
        httpx.AsyncClient(base_url=f"http://{live.site.address(0)}", timeout=30) as here,
        httpx.AsyncClient(base_url=f"http://{live.site.address(1)}", timeout=30) as there,
    ):

        async def attempt(browser: httpx.AsyncClient) -> int:
            await browser.get("/accounts/login/")
            token = browser.cookies["csrftoken"]
            fields = {"username": "ada", "password": "wrong", "csrfmiddlewaretoken": token}
            return (await browser.post("/accounts/login/", data=fields)).status_code

        answers = [await attempt(browser) for _ in range(5) for browser in (here, there)]
        assert answers == [200] * 9 + [429]
        assert await attempt(here) == 429
        session = await live.session(cast.admin)
        figures = await here.get("/metrics", headers={"Cookie": f"sessionid={session}"})
        assert 'live_limits_met_total{limit="login_attempts"} 1.0' in figures.text
