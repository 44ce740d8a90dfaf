"""Operators' actions: each does what it says, once, is kept, and wants a permission of its own and a token."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import msgspec
import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from consumers import access, heartbeat
from consumers.hub import hub
from consumers.models import OperatorAction
from consumers.ops import actions, orders, process
from consumers.ops.registry import registry
from feed.history import Post
from feed.layer import histories
from progress import school
from progress.models import Outbox, User
from tests.cast import Cast
from tests.live import Live, Site, Viewer, until

KINDS = [kind.value for kind in OperatorAction.Kind]


async def id_of(site: Site, name: str) -> str:
    """What a process calls itself, once it reports."""
    async with asyncio.timeout(10):
        while True:
            for each in await registry().read():
                if each.pid == site.processes[name].pid:
                    return each.id
            await asyncio.sleep(0.05)


async def act(browser: httpx.AsyncClient, kind: str, **chosen: Any) -> OperatorAction:
    """Do it as the page does, and return the record."""
    answer = await browser.post(f"/ops/{kind}/", data=chosen)
    assert (answer.status_code, answer.headers.get("location")) == (302, "/ops/"), answer.text
    return await OperatorAction.objects.select_related("by", "person").afirst() or OperatorAction()


async def test_a_persons_sockets_are_closed_on_every_process_and_nobody_elses(live: Live, cast: Cast) -> None:
    # One that the test before has killed would be asked too, and not answer.
    webs = {live.site.processes[name].pid for name in ("web0", "web1")}
    async with asyncio.timeout(15):
        while {each.pid for each in await actions.reporting_webs()} != webs:
            await asyncio.sleep(0.05)
    browser = await live.http(cast.olga)
    async with (
        live.player(cast.ada, cast.bernoulli) as player,
        live.feed(cast.ada, web=1) as viewer,
        live.feed(cast.grace, web=1) as other,
    ):
        done = await act(browser, "close-person", username="ada")
        assert (await player.until_closed(), await viewer.until_closed()) == (1012, 1012)
        assert done.outcome == "2 sockets were closed."
        assert (done.by_name, done.person, done.target) == ("Olga Ops (olga)", cast.ada, "")
        nobody = await act(browser, "close-person", username="nobody")
        assert (nobody.outcome, nobody.person) == ("0 sockets were closed.", None)
        assert other.closed_with is None
    # As a word: the letters alone may stand in a process's id.
    assert not re.search(r"\bada\b", (await browser.get("/ops/")).text, re.IGNORECASE)


async def test_one_processs_sockets_are_closed_and_the_others_stay(live: Live, cast: Cast) -> None:
    chosen = await id_of(live.site, "web1")
    browser = await live.http(cast.olga)
    async with live.feed(cast.grace, web=1) as there, live.feed(cast.grace) as here:
        done = await act(browser, "close-process", process=chosen)
        assert await there.until_closed() == 1012
        assert (done.outcome, done.target) == ("1 socket was closed.", chosen)
        assert here.closed_with is None


async def test_a_process_is_drained_and_ends(live: Live, cast: Cast) -> None:
    chosen = await id_of(live.site, "web1")
    browser = await live.http(cast.olga)
    try:
        async with live.feed(cast.grace, web=1) as there:
            done = await act(browser, "drain", process=chosen)
            assert await there.until_closed() == 1012
            assert done.outcome == "The process ends, and 1 socket goes elsewhere."
            ended = live.site.processes["web1"]
            await until(lambda: ended.poll() is not None, within=25, what="the end of the process")
            assert ended.returncode == 0
        answer = await browser.post("/ops/drain/", data={"process": chosen})  # it reports no more
        assert answer.status_code == 422
    finally:
        live.site.processes.pop("web1", None)
        live.site.start("web1")
        await asyncio.to_thread(live.site.wait_ready, 1)


async def test_what_was_told_is_told_again_and_shows_once(live: Live, cast: Cast) -> None:
    browser = await live.http(cast.olga)
    async with live.feed(cast.grace) as viewer, live.player(cast.ada, cast.bernoulli) as player:
        await player.watch(to=60)
        await viewer.until_shown("progress_update")
        async with asyncio.timeout(10):
            while await Outbox.objects.filter(live_done_at=None).aexists():
                await asyncio.sleep(0.02)
        frames = len(viewer.of("entries"))
        done = await act(browser, "republish", minutes=10)
        assert done.outcome == "1 change is told again."
        assert done.target == "the last 10 minutes"
        await until(lambda: len(viewer.of("entries")) > frames, what="the entry again")
        assert len(viewer.entries) == 1
        assert viewer.list() == (await live.snapshot(cast.grace))["entries"]


async def test_a_new_epoch_has_its_viewers_begin_anew(live: Live, cast: Cast) -> None:
    browser = await live.http(cast.olga)
    group, own = f"feed.course.{cast.algorithms.pk}", f"feed.student.{cast.ada.pk}"
    async with live.feed(cast.grace) as viewer, live.feed(cast.ada, web=1) as student:
        await id_of(live.site, "web0")
        async with asyncio.timeout(10):
            while not {group, own} <= {name for each in await registry().read() for name in each.groups}:
                await asyncio.sleep(0.1)  # the reports that have them are due
        page = (await browser.get("/ops/new-epoch/")).text
        assert group in page
        assert "student.*" in page
        assert own not in page
        done = await act(browser, "new-epoch", group=group)
        assert (await viewer.until("reset"))["reason"] == "history_lost"
        assert done.outcome == "1 group began a new epoch; its pages load anew."
        assert student.of("reset") == []
        await act(browser, "new-epoch", group="feed.student.*")
        await student.until("reset")
        fresh = await live.snapshot(cast.grace)
        assert (await viewer.subscribe(fresh["position"]))["recovered"]


async def test_an_order_is_done_once_and_not_when_it_is_old_or_not_understood(
    loop_services: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    async def note(order: orders.Order) -> None:
        done.append(order.id)

    monkeypatch.setattr(orders, "_do", note)
    now = await orders._redis_time()
    young = orders.Order("young", now, "close-process", process=process.ID)
    told: list[Any] = [
        msgspec.structs.replace(young, id="old", at=now - orders.VALID_SECONDS - 1),
        msgspec.structs.replace(young, id="another's", process="elsewhere"),
        {"id": "newer", "at": now, "kind": "dance"},
        {"nothing": "of ours"},
        young,
        young,
        msgspec.structs.replace(young, id="last"),
    ]
    await hub().start()
    await hub()._attend()
    posts = [Post(msgspec.json.encode({"order": each}), [access.GROUP], entry_id="") for each in told]
    await histories().append(posts)
    await until(lambda: "last" in done, what="the last order")
    assert sorted(done) == ["last", "young"]
    assert heartbeat.open_sockets() == []


@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS)
def test_an_action_wants_a_permission_of_its_own(cast: Cast, client: Client, kind: str) -> None:
    cast.olga.user_permissions.remove(Permission.objects.get(codename="operate"))
    client.force_login(cast.olga)
    assert client.get("/ops/").status_code == 200
    assert f"/ops/{kind}/" not in client.get("/ops/").content.decode()
    assert client.get(f"/ops/{kind}/").status_code == 403
    assert client.post(f"/ops/{kind}/", {"minutes": 5, "username": "ada"}).status_code == 403
    cast.grace.user_permissions.add(Permission.objects.get(codename="operate"))
    client.force_login(cast.grace)
    assert client.post(f"/ops/{kind}/", {"minutes": 5, "username": "ada"}).status_code == 403
    assert not OperatorAction.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS)
def test_an_action_wants_a_token_and_good_values(cast: Cast, kind: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.olga)
    assert client.post(f"/ops/{kind}/", {"minutes": 5, "username": "ada"}).status_code == 403
    trusted = Client()
    trusted.force_login(cast.olga)
    for wrong in ({}, {"minutes": 0, "process": "none", "group": "feed.student.1"}, {"minutes": 99999}):
        assert trusted.post(f"/ops/{kind}/", wrong).status_code == 422
    assert trusted.get("/ops/dance/").status_code == 404
    assert not OperatorAction.objects.exists()


@pytest.mark.django_db
def test_the_trail_is_read_in_the_admin_site_and_goes_with_the_person(cast: Cast, client: Client) -> None:
    OperatorAction.objects.create(kind="close-person", by=cast.olga, by_name="Olga Ops (olga)", person=cast.ada)
    client.force_login(cast.admin)
    page = client.get(reverse("admin:consumers_operatoraction_changelist")).content.decode()
    assert "Olga Ops" in page
    assert ">ada<" in page or "Ada" in page
    assert client.get(reverse("admin:consumers_operatoraction_add")).status_code == 403
    User.objects.get(pk=cast.ada.pk).delete()
    assert OperatorAction.objects.get().person is None


async def test_an_operator_signs_in_and_is_led_to_the_machinery(live: Live, cast: Cast) -> None:
    await sync_to_async(cast.olga.set_password)("demo")
    await cast.olga.asave()
    async with httpx.AsyncClient(base_url=f"http://{live.site.address()}") as browser:
        await browser.get("/accounts/login/")
        form = {"username": "olga", "password": "demo", "csrfmiddlewaretoken": "x" * 32}
        browser.cookies.set("csrftoken", "x" * 32, domain="127.0.0.1")
        answer = await browser.post("/accounts/login/", data=form)
    assert (answer.status_code, answer.headers["location"]) == (302, "/ops/")


async def test_whoever_is_no_operator_any_more_is_shown_nothing_more(live: Live, cast: Cast) -> None:
    async with live.socket("/ws/ops/", cast.olga, Viewer, web=1) as hers:
        await hers.until("ops", count=2)
        await sync_to_async(cast.olga.user_permissions.clear)()
        await sync_to_async(school.tell_access_changed)([cast.olga.pk])
        assert await hers.until_closed() == 4403
